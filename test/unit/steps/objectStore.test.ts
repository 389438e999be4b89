/** The object store's step against a fake toolbox and two fake gateways that remember what they were told. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Deadline } from "../../../steps/deadline.ts";
import { Progress } from "../../../steps/progress.ts";
import { proveObjectStore } from "../../../steps/proveObjectStore.ts";
import { type FakeCluster, type FakeExec, fakeCluster, readyPod } from "./fakeCluster.ts";

const ZONES = [
  { id: "z1", name: "harbor-primary" },
  { id: "z2", name: "harbor-secondary" },
];
const periodOf = (id: string, master: string, realmEpoch: number) => ({
  id,
  epoch: 1,
  realm_epoch: realmEpoch,
  master_zone: ZONES.find(({ name }) => name === master)?.id,
  period_map: { zonegroups: [{ zones: ZONES }] },
});
const CAUGHT_UP = `  metadata sync syncing
    full sync: 0/4 shards
    incremental sync: 4/4 shards
    metadata is caught up with master
  data sync source: z1 (harbor-primary)
    syncing
    full sync: 0/4 shards
    incremental sync: 4/4 shards
    data is caught up with source
`;

interface World {
  own: object;
  peer: object | undefined;
  sync: string;
  staged?: boolean;
  commitFails?: number;
}

const open: (Server | FakeCluster)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function gateway(period: () => object | undefined): Promise<string> {
  const server = createServer((asked, answer) => {
    answer.statusCode = period() ? 200 : 403;
    answer.end(asked.url?.startsWith("/admin/realm/period?realm_name=harbor") ? JSON.stringify(period()) : "[]");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const promotedOwn = periodOf("p2", "harbor-secondary", 2);

function toolbox(world: World) {
  return ({ command, stdin }: FakeExec) => {
    const words = command.join(" ");
    if (words.includes("period get")) return { stdout: JSON.stringify(world.own) };
    if (words.includes("sync status")) return { stdout: world.sync };
    if (words.includes("zone modify")) world.staged = true;
    if (words.includes("realm pull")) {
      if (stdin !== "ACCESS\nSECRET-SECRET\n") return { exitCode: 22, stderr: "no keys" };
      world.own = world.peer ?? {};
    }
    if (words.includes("period update --commit")) {
      world.commitFails = (world.commitFails ?? 0) - 1;
      if (world.commitFails >= 0) return { exitCode: 5, stderr: "failed to commit period" };
      if (world.staged) world.own = promotedOwn;
    }
    return {};
  };
}

async function prove(role: "active" | "standby", world: World, seconds = 3, peerDead = false) {
  const cluster = await fakeCluster(
    {
      "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephobjectstores/harbor": { status: { phase: "Ready" } },
      "/api/v1/namespaces/rook-ceph/pods?labelSelector=app=rook-ceph-rgw,rook_object_store=harbor": {
        items: [readyPod("rook-ceph", "rgw-0")],
      },
      "/api/v1/namespaces/rook-ceph/pods?labelSelector=app=rook-ceph-tools": {
        items: [readyPod("rook-ceph", "rook-ceph-tools-0")],
      },
    },
    toolbox(world),
  );
  open.push(cluster);
  const environment = {
    DR_SITE: "secondary",
    DR_PEER: "primary",
    DR_ROLE: role,
    DR_TIMEOUT_SECONDS: String(seconds),
    DR_KUBECONFIG: cluster.kubeconfig,
    DR_OBJECT_STORE_NAMESPACE: "rook-ceph",
    DR_REALM: "harbor",
    DR_ZONE_GROUP: "harbor",
    DR_ZONE: "harbor-secondary",
    DR_PEER_ZONE: "harbor-primary",
    DR_STORE: "harbor",
    DR_OBJECT_STORE_ENDPOINT: await gateway(() => world.own),
    DR_PEER_OBJECT_STORE_ENDPOINT: peerDead ? "http://127.0.0.1:9" : await gateway(() => world.peer),
    DR_REALM_ACCESS_KEY: "ACCESS",
    DR_REALM_SECRET_KEY: "SECRET-SECRET",
  };
  const progress = new Progress(() => undefined);
  const result = await proveObjectStore({ environment, deadline: new Deadline(seconds), progress }).then(
    ({ proved }) => proved,
    (error: unknown) => error as Error & { remedy: string },
  );
  return { result, words: cluster.execs.map(({ command }) => command.join(" ")), progress };
}

const followed = periodOf("p1", "harbor-primary", 1);

describe("proveObjectStore, active", () => {
  it("promotes at once when the other site is gone, without asking for sync", async () => {
    const { result, words } = await prove("active", { own: followed, peer: undefined, sync: "" }, 5, true);
    expect(result).toMatch(
      /^harbor-secondary is master in the committed period, .*what it had not sent yet is not here/,
    );
    expect(words.filter((word) => word.includes("sync status"))).toEqual([]);
    expect(words.filter((word) => /modify|update/.test(word))).toEqual([
      "timeout -k 2 20 radosgw-admin zone modify --rgw-zonegroup=harbor --rgw-zone=harbor-secondary --master --default --rgw-realm=harbor",
      "timeout -k 2 20 radosgw-admin period update --commit --rgw-zonegroup=harbor --rgw-zone=harbor-secondary --rgw-realm=harbor",
    ]);
  });

  it("tries a commit again that failed", async () => {
    const { result, words } = await prove(
      "active",
      { own: followed, peer: undefined, sync: "", commitFails: 2 },
      8,
      true,
    );
    expect(result).toMatch(/is master/);
    expect(words.filter((word) => word.includes("zone modify"))).toHaveLength(3);
  });

  it("changes nothing when it is master already", async () => {
    const { words } = await prove("active", { own: promotedOwn, peer: promotedOwn, sync: "" });
    expect(words.filter((word) => /modify|update/.test(word))).toEqual([]);
  });

  it("does not promote over a live site that has more", async () => {
    const behind = CAUGHT_UP.replace("data is caught up with source", "data is behind on 1 shards");
    const { result, words } = await prove("active", { own: followed, peer: followed, sync: behind }, 0.8);
    expect(result).toMatchObject({ remedy: expect.stringContaining("would lose them") });
    expect(words.filter((word) => /modify|update/.test(word))).toEqual([]);
  });
});

describe("proveObjectStore, standby", () => {
  it("is proved by the period and by shards that have caught up", async () => {
    const { result } = await prove("standby", { own: followed, peer: followed, sync: CAUGHT_UP });
    expect(result).toBe(
      "follows harbor-primary: metadata caught up (4/4 shards), data from harbor-primary caught up (4/4 shards)",
    );
  });

  it("is not proved by 0/0 shards", async () => {
    const { result, progress } = await prove(
      "standby",
      { own: followed, peer: followed, sync: CAUGHT_UP.replaceAll("4/4", "0/0").replaceAll("0/4", "0/0") },
      0.6,
    );
    expect(result).toBeInstanceOf(Error);
    expect(progress.lastSeen().join()).toContain("not started");
  });

  it("is not proved while the other gateway is dead", async () => {
    const { result } = await prove("standby", { own: followed, peer: undefined, sync: CAUGHT_UP }, 0.5, true);
    expect(result).toMatchObject({ remedy: expect.stringContaining("must answer this site") });
  });

  it("rejoins a newer master, with the keys by stdin only", async () => {
    const world = {
      own: periodOf("p1", "harbor-secondary", 1),
      peer: periodOf("p9", "harbor-primary", 2),
      sync: CAUGHT_UP,
    };
    const { result, words } = await prove("standby", world);
    expect(result).toMatch(/^follows harbor-primary/);
    expect(words.join("\n")).not.toContain("SECRET-SECRET");
  });

  it("never pulls an older period: that would set this site back", async () => {
    const world = { own: periodOf("p2", "harbor-secondary", 2), peer: followed, sync: CAUGHT_UP };
    const { result, words } = await prove("standby", world, 0.5);
    expect(result).toBeInstanceOf(Error);
    expect(words.filter((word) => word.includes("pull"))).toEqual([]);
  });

  it("demoted before the other is promoted, it stays master and says so", async () => {
    const own = periodOf("p1", "harbor-secondary", 1);
    const { result } = await prove("standby", { own, peer: own, sync: "  metadata sync no sync (zone is master)" });
    expect(result).toBe("harbor-secondary stays master in the period until primary promotes harbor-primary");
  });
});
