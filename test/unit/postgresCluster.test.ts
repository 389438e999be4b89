/** What the `postgresql` resource and its service say, in both roles. */
import { describe, expect, it } from "vitest";
import { databaseEndpoint, postgresqlSpec, replicationServiceSpec } from "../../components/postgresCluster.ts";
import type { Role } from "../../sites.ts";
import { changed, configurationOf } from "../committed.ts";

const { postgres } = configurationOf({});
const peer = { host: "198.51.100.10", port: 31661 };
const withSettings = (changes: Record<string, unknown>) =>
  configurationOf({ values: { postgres: changed("postgres", changes) } }).postgres;

const ROLES: Record<Role, { instances: number; isReplica: boolean }> = {
  active: { instances: 2, isReplica: false },
  standby: { instances: 1, isReplica: true },
};

describe.each(Object.entries(ROLES) as [Role, (typeof ROLES)[Role]][])("postgresqlSpec, %s", (role, expected) => {
  it("says all of it", () => {
    expect(postgresqlSpec(role, postgres, peer)).toEqual({
      teamId: "ACID",
      postgresql: { version: "16", parameters: { max_slot_wal_keep_size: "10GB" } },
      numberOfInstances: expected.instances,
      volume: { size: "50Gi" },
      users: { harbor: [] },
      databases: { registry: "harbor" },
      resources: { requests: { cpu: "500m", memory: "1Gi" }, limits: { cpu: "2", memory: "1Gi" } },
      clusterReplication: {
        enabled: true,
        isReplica: expected.isReplica,
        peerHost: "198.51.100.10",
        peerPort: 31661,
        replSvcType: "NodePort",
        bootstrapSecret: "standby-bootstrap-secret",
      },
    });
  });

  it("has replication enabled in either role: a cluster without it could never become a standby", () => {
    expect(postgresqlSpec(role, postgres, peer).clusterReplication.enabled).toBe(true);
  });

  it("takes its storage class, parameters, service and names from the configuration", () => {
    const settings = withSettings({
      storageClass: "fast",
      parameters: { max_connections: "300" },
      maxSlotWalKeepSize: "20GB",
      service: "LoadBalancer",
      user: "registry_owner",
      database: "images",
    });
    const spec = postgresqlSpec(role, settings, peer);
    expect(spec.volume).toEqual({ size: "50Gi", storageClass: "fast" });
    expect(spec.postgresql.parameters).toEqual({ max_connections: "300", max_slot_wal_keep_size: "20GB" });
    expect(spec.clusterReplication.replSvcType).toBe("LoadBalancer");
    expect([spec.users, spec.databases]).toEqual([{ registry_owner: [] }, { images: "registry_owner" }]);
  });
});

it("gives a standby one instance however many an active site has", () => {
  const settings = withSettings({ instances: 5 });
  expect(postgresqlSpec("active", settings, peer).numberOfInstances).toBe(5);
  expect(postgresqlSpec("standby", settings, peer).numberOfInstances).toBe(1);
});

it("does not let a parameter take away the limit on held-back WAL", () => {
  const settings = withSettings({ parameters: { max_slot_wal_keep_size: "-1" } });
  expect(postgresqlSpec("active", settings, peer).postgresql.parameters).toEqual({ max_slot_wal_keep_size: "10GB" });
});

describe("the service that the other site reaches", () => {
  const own = { host: "192.0.2.10", port: 31700 };
  const selector = { "cluster-name": "acid-harbor", "spilo-role": "master" };
  it.each([
    ["NodePort", { name: "postgresql", port: 5432, targetPort: 5432, nodePort: 31700 }],
    ["LoadBalancer", { name: "postgresql", port: 31700, targetPort: 5432 }],
    ["ClusterIP", { name: "postgresql", port: 31700, targetPort: 5432 }],
  ])("as %s answers at the configured port", (service, port) => {
    const spec = replicationServiceSpec(withSettings({ service }), own);
    expect(spec).toEqual({ type: service, selector, ports: [port] });
  });
});

it("is reached by Harbor through the operator's own service, with the user's own Secret", () => {
  expect(databaseEndpoint(postgres, "registry-ns")).toEqual({
    host: "acid-harbor.registry-ns.svc",
    port: 5432,
    database: "registry",
    user: "harbor",
    passwordSecret: "harbor.acid-harbor.credentials.postgresql.acid.zalan.do",
  });
});
