/** The parts of the operators' loop and the service proxy that decide something, without any server. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { serviceOf } from "../../../lab/operators/clusterNames.ts";
import { type Controller, type KubeObject, mergeTo, type SiteContext } from "../../../lab/operators/controller.ts";
import { queueOf } from "../../../lab/operators/loop.ts";
import { backendsOf, frontsOf } from "../../../lab/operators/serviceProxy.ts";

const lines: string[] = [];
const context = { log: (line: string) => void lines.push(line) } as unknown as SiteContext;
const object = (version: string): KubeObject => ({ kind: "Thing", metadata: { name: "a", resourceVersion: version } });

function controllerOf(reconcile: Controller["reconcile"], removed?: Controller["removed"]): Controller {
  return { name: "test", watches: [], reconcile, ...(removed === undefined ? {} : { removed }) };
}

describe("queue of a controller", () => {
  it("never calls one object concurrently and joins changes that arrive meanwhile", async () => {
    const seen: string[] = [];
    let inside = 0;
    const queue = queueOf(
      controllerOf(async (one) => {
        inside += 1;
        expect(inside).toBe(1);
        seen.push(one.metadata?.resourceVersion ?? "");
        await sleep(20);
        inside -= 1;
        return undefined;
      }),
      context,
    );
    for (const version of ["1", "2", "3"]) queue("/a", { object: object(version), gone: false });
    await sleep(80);
    expect(seen).toEqual(["1", "3"]);
  });

  it("tries again what threw, and says so", async () => {
    let calls = 0;
    const queue = queueOf(
      controllerOf(async () => {
        calls += 1;
        if (calls === 1) throw new Error("not yet");
        return undefined;
      }),
      context,
    );
    queue("/a", { object: object("1"), gone: false });
    await sleep(400);
    expect(calls).toBe(2);
    expect(lines).toContain("Thing /a: not yet (again in 250 ms)");
  });

  it("comes back after the time that was asked for, with the latest object", async () => {
    const seen: string[] = [];
    const queue = queueOf(
      controllerOf(async (one) => {
        seen.push(one.metadata?.resourceVersion ?? "");
        return seen.length < 3 ? 15 : undefined;
      }),
      context,
    );
    queue("/a", { object: object("1"), gone: false });
    await sleep(120);
    expect(seen).toEqual(["1", "1", "1"]);
  });

  it("tells of a removal, and forgets the object's pending call", async () => {
    const told: string[] = [];
    const queue = queueOf(
      controllerOf(
        async () => {
          told.push("reconciled");
          return 30;
        },
        async () => void told.push("removed"),
      ),
      context,
    );
    queue("/a", { object: object("1"), gone: false });
    await sleep(5);
    queue("/a", { object: object("2"), gone: true });
    await sleep(80);
    expect(told).toEqual(["reconciled", "removed"]);
  });
});

describe("merge patch of a status", () => {
  it.each([
    [{ a: 1, b: 2 }, { a: 1 }, { a: 1, b: null }],
    [{ a: { x: 1, y: 2 } }, { a: { y: 3 } }, { a: { x: null, y: 3 } }],
    [{ a: { x: 1 } }, { a: [1] }, { a: [1] }],
    [{}, { a: { x: 1 } }, { a: { x: 1 } }],
  ])("turns %j into %j by %j", (before, wanted, change) => {
    expect(mergeTo(before, wanted)).toEqual(change);
  });
});

describe("service proxy", () => {
  const pod = (name: string, app: string, ready: "True" | "False", more: object = {}): KubeObject => ({
    kind: "Pod",
    metadata: { name, namespace: "harbor", labels: { app }, ...more },
    spec: { containers: [{ name: "c", ports: [{ name: "web", containerPort: 8443 }] }] },
    status: { podIP: `127.1.0.${name.length}`, conditions: [{ type: "Ready", status: ready }] },
  });
  const service = (spec: object): KubeObject => ({
    kind: "Service",
    metadata: { name: "s", namespace: "harbor" },
    spec,
  });

  it("passes on only to Ready pods that carry every label, in the Service's namespace", () => {
    const pods = [
      pod("a", "x", "True"),
      pod("bb", "x", "False"),
      pod("ccc", "y", "True"),
      pod("dddd", "x", "True", { namespace: "other" }),
      pod("eeeee", "x", "True", { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    ];
    const one = service({ selector: { app: "x" } });
    expect(backendsOf(one, { port: 80, targetPort: 8080 }, pods)).toEqual([{ host: "127.1.0.1", port: 8080 }]);
    expect(backendsOf(one, { port: 80, targetPort: "web" }, pods)).toEqual([{ host: "127.1.0.1", port: 8443 }]);
    expect(backendsOf(one, { port: 80 }, pods)).toEqual([{ host: "127.1.0.1", port: 80 }]);
    expect(backendsOf(service({}), { port: 80 }, pods)).toEqual([]);
  });

  it.each([
    ["ClusterIP", ["10.96.0.9:80"]],
    ["NodePort", ["10.96.0.9:80", "10.200.0.11:30080"]],
    ["LoadBalancer", ["10.96.0.9:80", "10.200.0.11:30080", "10.200.0.11:80"]],
  ])("listens for a %s Service on %j", (type, fronts) => {
    const one = service({ type, clusterIP: "10.96.0.9" });
    const port = type === "ClusterIP" ? { port: 80 } : { port: 80, nodePort: 30080 };
    expect(frontsOf(one, port, "10.200.0.11").map((front) => `${front.host}:${front.port}`)).toEqual(fronts);
  });
});

describe("names inside a cluster", () => {
  it.each([
    ["redis", { name: "redis", namespace: "harbor" }],
    ["redis.rook-ceph", { name: "redis", namespace: "rook-ceph" }],
    ["redis.rook-ceph.svc.cluster.local", { name: "redis", namespace: "rook-ceph" }],
    ["10.200.0.11", undefined],
    ["registry.example.com", undefined],
  ])("%s means %j", (host, expected) => {
    expect(serviceOf(host, "harbor")).toEqual(expected);
  });
});
