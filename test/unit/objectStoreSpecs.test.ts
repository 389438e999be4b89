/** What each of the object store's resources says: only the realm differs by role, only the zone by site. */
import { describe, expect, it } from "vitest";
import * as specs from "../../components/objectStoreSpecs.ts";
import type { Role } from "../../sites.ts";
import { changed, configurationOf } from "../committed.ts";

const { objectStore } = configurationOf({});
const withSettings = (changes: Record<string, unknown>) =>
  configurationOf({ values: { objectStore: changed("objectStore", changes) } }).objectStore;

describe("realmSpec", () => {
  const peer = "http://198.51.100.10:31480";
  it.each<[Role, object]>([
    ["active", {}],
    ["standby", { pull: { endpoint: peer } }],
  ])("%s", (role, expected) => {
    expect(specs.realmSpec(role, peer)).toEqual(expected);
  });

  it("has no pull at all on the active site: Rook would run an empty one, too", () => {
    expect(Object.keys(specs.realmSpec("active", peer))).toEqual([]);
  });
});

describe("zoneSpec", () => {
  it("names the address at which the other site reaches it, and keeps the pools when it is deleted", () => {
    const pool = { failureDomain: "host", replicated: { size: 3, requireSafeReplicaSize: true } };
    expect(specs.zoneSpec(objectStore, "http://192.0.2.10:31480")).toEqual({
      zoneGroup: "harbor",
      metadataPool: pool,
      dataPool: pool,
      customEndpoints: ["http://192.0.2.10:31480"],
      preservePoolsOnDelete: true,
    });
  });

  it("allows a single copy only where one is asked for", () => {
    const spec = specs.zoneSpec(withSettings({ poolSize: 1, failureDomain: "osd" }), "http://192.0.2.10:31480");
    expect(spec.dataPool).toEqual({ failureDomain: "osd", replicated: { size: 1, requireSafeReplicaSize: false } });
  });
});

it("names a zone after its site, never after its role", () => {
  expect(specs.zoneName(objectStore, "primary")).toBe("harbor-primary");
  expect(specs.zoneName(withSettings({ zoneGroup: "eu" }), "secondary")).toBe("eu-secondary");
});

it("gives the root pool the name that Ceph looks for", () => {
  expect(specs.rootPoolSpec(objectStore)).toEqual({
    name: ".rgw.root",
    application: "rgw",
    failureDomain: "host",
    replicated: { size: 3, requireSafeReplicaSize: true },
  });
});

it("gives the store its site's zone, and gateways with requests and limits", () => {
  const settings = withSettings({ gatewayInstances: 2, gatewayPort: 8080, gatewayMemory: "2Gi" });
  expect(specs.storeSpec(settings, "secondary")).toEqual({
    zone: { name: "harbor-secondary" },
    gateway: {
      port: 8080,
      instances: 2,
      resources: { requests: { cpu: "500m", memory: "2Gi" }, limits: { cpu: "2", memory: "2Gi" } },
    },
  });
});

describe("userSpec", () => {
  const base = { store: "harbor", displayName: "Harbor", clusterNamespace: "rook-ceph" };
  it("refers to our keys where Rook takes them", () => {
    const name = "harbor-object-store-keys";
    const keys = [{ accessKeyRef: { name, key: "access-key" }, secretKeyRef: { name, key: "secret-key" } }];
    expect(specs.userSpec(objectStore)).toEqual({ ...base, keys });
  });

  it("has no keys where Rook generates them", () => {
    expect(specs.userSpec(withSettings({ userKeys: "generated" }))).toEqual(base);
  });
});

describe("gatewayServiceSpec", () => {
  const selector = { app: "rook-ceph-rgw", rook_object_store: "harbor" };
  it.each([
    ["NodePort", { name: "http", port: 7480, targetPort: 8080, nodePort: 31480 }],
    ["LoadBalancer", { name: "http", port: 31480, targetPort: 8080 }],
  ])("as %s answers at the configured port", (service, port) => {
    const spec = specs.gatewayServiceSpec(withSettings({ service }), 31480);
    expect(spec).toEqual({ type: service, selector, ports: [port] });
  });
});

it("is reached by Harbor on its own site's gateways, not across sites", () => {
  expect(specs.bucketAccess(withSettings({ bucket: "images", region: "eu-1", gatewayPort: 80 }))).toEqual({
    bucket: "images",
    region: "eu-1",
    endpoint: "http://rook-ceph-rgw-harbor.rook-ceph.svc:80",
  });
});
