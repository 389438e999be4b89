/**
 * The object store of two sites through Rook's custom resources, as the program drives it: what the operator makes of
 * them, what it refuses, and what a promotion in the toolbox and the death of a site really do to objects.
 */
import { AwsClient } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminConfigFrom } from "../../lab/kube/cluster.ts";
import { type Json, type KubeObject, kubeRequest, objectPath } from "../../lab/kube/rest.ts";
import { down, kill, start, up } from "../../lab/lab.ts";
import { labLayout, labPrefix } from "../../lab/layout.ts";
import { missingForLab, notSetUp } from "../../lab/setup/host.ts";
import { Supervisor } from "../../lab/supervisor.ts";
import { waitFor } from "../../lab/wait.ts";
import { peerOf, SITES, type Site } from "../../sites.ts";
import { connect } from "../../steps/pods.ts";

const lacking = [...missingForLab(), ...notSetUp()];
const lab = labLayout(`${labPrefix().slice(0, 3)}o`);
const quiet = (): void => undefined;
const PORT = 31480;
const API = "ceph.rook.io/v1";
const POOL = { failureDomain: "host", replicated: { size: 1, requireSafeReplicaSize: false } };
const SYSTEM = { "access-key": "system-access", "secret-key": "system-secret" };
const USER = { "access-key": "harbor-access", "secret-key": "harbor-secret" };

const endpoint = (site: Site): string => `http://${lab.sites[site].address}:${PORT}`;
const on = (site: Site) => adminConfigFrom(lab.kubeconfig, lab.sites[site]);
const zone = (site: Site): string => `harbor-${site}`;
const object = (apiVersion: string, kind: string, name: string, rest: Json = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: "rook-ceph" },
  ...rest,
});

/** Server-side apply as the Kubernetes provider does it, unknown fields refused. */
async function declare(site: Site, ...objects: KubeObject[]): Promise<void> {
  for (const one of objects) {
    await kubeRequest(on(site), {
      method: "PATCH",
      path: `${await objectPath(on(site), one)}?fieldManager=test&force=true&fieldValidation=Strict`,
      body: one,
      contentType: "application/apply-patch+yaml",
    });
  }
}

const realm = (pullFrom?: Site): KubeObject =>
  object(API, "CephObjectRealm", "harbor", {
    spec: pullFrom === undefined ? {} : { pull: { endpoint: endpoint(pullFrom) } },
  });
const ref = (key: string): Json => ({ name: "harbor-object-store-keys", key });
const keys = [{ accessKeyRef: ref("access-key"), secretKeyRef: ref("secret-key") }];
const user = (name: string): KubeObject =>
  object(API, "CephObjectStoreUser", name, {
    spec: { store: "harbor", displayName: name, clusterNamespace: "rook-ceph", ...(name === "harbor" ? { keys } : {}) },
  });

/** In the order of the program's dependencies; the standby's only difference is its realm's pull. */
const everything = (site: Site, pullFrom?: Site): KubeObject[] => [
  object("v1", "Secret", "harbor-keys", { stringData: SYSTEM }),
  realm(pullFrom),
  object(API, "CephObjectZoneGroup", "harbor", { spec: { realm: "harbor" } }),
  object(API, "CephBlockPool", "builtin-rgw-root", { spec: { name: ".rgw.root", application: "rgw", ...POOL } }),
  object(API, "CephObjectZone", zone(site), {
    spec: {
      zoneGroup: "harbor",
      metadataPool: POOL,
      dataPool: POOL,
      customEndpoints: [endpoint(site)],
      preservePoolsOnDelete: true,
    },
  }),
  object("v1", "Service", "rook-ceph-rgw-harbor-external", {
    spec: {
      type: "NodePort",
      selector: { app: "rook-ceph-rgw", rook_object_store: "harbor" },
      ports: [{ name: "http", port: 7480, targetPort: 8080, nodePort: PORT }],
    },
  }),
  object(API, "CephObjectStore", "harbor", {
    spec: { zone: { name: zone(site) }, gateway: { port: 7480, instances: 1 } },
  }),
];

const fetched = async (site: Site, one: KubeObject): Promise<KubeObject> =>
  await kubeRequest(on(site), { path: await objectPath(on(site), one) });

async function phase(site: Site, kind: string, name: string, wanted: string): Promise<Json> {
  return await waitFor(
    `${kind} ${name} of ${site} to be ${wanted}`,
    async (seen) => {
      const status = ((await fetched(site, object(API, kind, name))).status ?? {}) as Json;
      seen(JSON.stringify(status));
      return status.phase === wanted ? status : undefined;
    },
    { seconds: 60 },
  );
}

/** A command in the toolbox, over the Kubernetes API. */
async function toolbox(site: Site, ...command: string[]): Promise<string> {
  const { pods } = await connect({ DR_KUBECONFIG: lab.kubeconfig, DR_KUBE_CONTEXT: `${site}-admin` });
  const [pod] = await pods.list("rook-ceph", { app: "rook-ceph-tools" });
  if (pod === undefined) throw new Error(`${site} has no toolbox pod`);
  const { exitCode, stdout, stderr } = await pods.exec(pod, command, { timeoutMs: 30_000 });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: exit ${exitCode}: ${stderr}`);
  return stdout;
}

const PLACE = ["--rgw-realm=harbor", "--rgw-zonegroup=harbor"] as const;

async function masterOf(site: Site): Promise<string> {
  const period = JSON.parse(await toolbox(site, "radosgw-admin", "period", "get", "--rgw-realm=harbor")) as {
    master_zone: string;
    period_map: { zonegroups: { zones: { id: string; name: string }[] }[] };
  };
  const zones = period.period_map.zonegroups.flatMap((group) => group.zones);
  return zones.find((one) => one.id === period.master_zone)?.name ?? "";
}

const s3 = new AwsClient({
  accessKeyId: USER["access-key"],
  secretAccessKey: USER["secret-key"],
  service: "s3",
  region: "us-east-1",
  retries: 0,
});

async function request(
  site: Site,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; text: string }> {
  const options = { method, signal: AbortSignal.timeout(8000), ...(body === undefined ? {} : { body }) };
  const answer = await s3.fetch(`${endpoint(site)}/${path}`, options);
  return { status: answer.status, text: await answer.text() };
}

const answers = async (site: Site, method: string, path: string, status: number, seconds = 60): Promise<string> =>
  await waitFor(
    `${method} ${path} on ${site} to answer ${status}`,
    async (seen) => {
      const answer = await request(site, method, path);
      seen(`${answer.status} ${answer.text.slice(0, 200)}`);
      return answer.status === status ? answer.text : undefined;
    },
    { seconds },
  );

describe.skipIf(lacking.length > 0)("object store", () => {
  beforeAll(async () => {
    await down(lab, quiet);
    await up(lab, quiet);
  });
  afterAll(async () => await down(lab, quiet));

  it("refuses unknown fields and an endpoint that is no URL", async () => {
    const wrong = object(API, "CephObjectZoneGroup", "x", { spec: { realm: "harbor", relam: "x" } });
    await expect(declare("primary", wrong)).rejects.toThrow(/relam/);
    const pull = object(API, "CephObjectRealm", "x", { spec: { pull: { endpoint: "primary:7480" } } });
    await expect(declare("primary", pull)).rejects.toThrow(/spec\.pull\.endpoint/);
  });

  it("makes two zones of one realm, the standby declared first", async () => {
    await declare("secondary", ...everything("secondary", "primary"));
    expect((await phase("secondary", "CephObjectStore", "harbor", "Progressing")).observedGeneration).toBeUndefined();
    await declare("primary", object("v1", "Secret", "harbor-object-store-keys", { stringData: USER }));
    await declare("primary", ...everything("primary"), user("harbor"));
    const { info } = await phase("primary", "CephObjectStoreUser", "harbor", "Ready");
    expect(info).toEqual({ secretName: "rook-ceph-object-user-harbor-harbor" });
    const secret = await fetched("primary", object("v1", "Secret", "rook-ceph-object-user-harbor-harbor"));
    const { AccessKey } = secret.data as Record<string, string>;
    expect(Buffer.from(AccessKey ?? "", "base64").toString()).toBe(USER["access-key"]);
    for (const site of SITES) {
      const store = await phase(site, "CephObjectStore", "harbor", "Ready");
      expect(store.info).toEqual({ endpoint: "http://rook-ceph-rgw-harbor.rook-ceph.svc:7480" });
      expect(await masterOf(site)).toBe("harbor-primary");
    }
  }, 120_000);

  it("carries user, bucket and objects to the other site", async () => {
    expect((await request("primary", "PUT", "harbor")).status).toBe(200);
    await request("primary", "PUT", "harbor/one", "first");
    expect(await answers("secondary", "GET", "harbor/one", 200)).toBe("first");
    const status = await toolbox(
      "secondary",
      "radosgw-admin",
      "sync",
      "status",
      ...PLACE,
      "--rgw-zone=harbor-secondary",
    );
    expect(status).toMatch(/metadata sync syncing\s+full sync: 0\/4 shards\s+incremental sync: 4\/4 shards/);
  }, 90_000);

  it("refuses a user on a zone that is not the master, and says why in an event", async () => {
    await declare("secondary", user("other"));
    await phase("secondary", "CephObjectStoreUser", "other", "ReconcileFailed");
    const { items } = await kubeRequest<{ items: { message: string }[] }>(on("secondary"), {
      path: "/api/v1/namespaces/rook-ceph/events",
    });
    expect(items.map((event) => event.message).join("\n")).toContain("zone harbor-secondary is not the master zone");
    await kubeRequest(on("secondary"), {
      method: "DELETE",
      path: await objectPath(on("secondary"), user("other")),
    });
  }, 60_000);

  it("starts a gateway anew whose pod is deleted", async () => {
    const name = "rook-ceph-rgw-harbor-a-0";
    const processes = new Supervisor(lab.sites.secondary);
    const before = processes.pidOf(name);
    await kubeRequest(on("secondary"), {
      method: "DELETE",
      path: await objectPath(on("secondary"), object("v1", "Pod", name)),
    });
    const anew = async () => {
      const now = processes.pidOf(name);
      return now !== before ? now : undefined;
    };
    await waitFor("another process", anew, { seconds: 30 });
    expect(await answers("secondary", "GET", "harbor/one", 200)).toBe("first");
  }, 90_000);

  it("goes on after the master site died, once promoted in the toolbox", async () => {
    await kill(lab, "primary", quiet);
    expect(await answers("secondary", "GET", "harbor/one", 200)).toBe("first");
    await declare("secondary", realm());
    await phase("secondary", "CephObjectRealm", "harbor", "Ready");
    const place = [...PLACE, "--rgw-zone=harbor-secondary"];
    await toolbox("secondary", "radosgw-admin", "zone", "modify", ...place, "--master", "--default");
    await toolbox("secondary", "radosgw-admin", "period", "update", "--commit", ...place);
    expect(await masterOf("secondary")).toBe("harbor-secondary");
    await answers("secondary", "PUT", "second", 200, 10);
    expect((await request("secondary", "PUT", "harbor/two", "after")).status).toBe(200);
  }, 90_000);

  it("brings the dead site back with its data and its old belief, until it pulls the realm", async () => {
    await start(lab, "primary", quiet);
    expect(await answers("primary", "GET", "harbor/one", 200)).toBe("first");
    await declare("primary", realm(peerOf("primary")));
    await phase("primary", "CephObjectRealm", "harbor", "Ready");
    const place = [...PLACE, "--rgw-zone=harbor-primary"];
    await toolbox("primary", "radosgw-admin", "period", "update", "--commit", ...place);
    expect(await masterOf("primary")).toBe("harbor-secondary");
    expect(await answers("primary", "GET", "harbor/two", 200)).toBe("after");
  }, 120_000);
});
