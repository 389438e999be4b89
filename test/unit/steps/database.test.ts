/** The database's step against a fake pod that answers as psql does. */
import { afterEach, describe, expect, it } from "vitest";
import { Deadline } from "../../../steps/deadline.ts";
import { Progress } from "../../../steps/progress.ts";
import { proveDatabase } from "../../../steps/proveDatabase.ts";
import { type FakeCluster, type FakeExec, type FakeResult, fakeCluster, readyPod } from "./fakeCluster.ts";

const PODS = "/api/v1/namespaces/harbor/pods?labelSelector=cluster-name=acid-harbor";
const RESOURCE = "/apis/acid.zalan.do/v1/namespaces/harbor/postgresqls/acid-harbor";
const STATE = {
  inRecovery: false,
  systemIdentifier: "77",
  version: "15.16",
  timeline: 1,
  lsn: "0/3000100",
  history: "",
};
const STANDBY = { ...STATE, inRecovery: true, receiver: { status: "streaming", host: "127.0.0.1", port: 9 } };

let cluster: FakeCluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

async function prove(
  role: "active" | "standby",
  run: (exec: FakeExec) => FakeResult,
  options: { seconds?: number; objects?: Record<string, object> } = {},
) {
  const seconds = options.seconds ?? 2;
  const leader = readyPod("harbor", "acid-harbor-0", { "spilo-role": "master" });
  cluster = await fakeCluster(options.objects ?? { [PODS]: { items: [leader] } }, run);
  const progress = new Progress(() => undefined);
  const environment = {
    DR_SITE: "secondary",
    DR_PEER: "primary",
    DR_ROLE: role,
    DR_TIMEOUT_SECONDS: String(seconds),
    DR_KUBECONFIG: cluster.kubeconfig,
    DR_NAMESPACE: "harbor",
    DR_CLUSTER: "acid-harbor",
    DR_PEER_DATABASE_HOST: "127.0.0.1",
    DR_PEER_DATABASE_PORT: "9",
    DR_SUPERUSER_PASSWORD: "pass-word",
  };
  const result = await proveDatabase({ environment, deadline: new Deadline(seconds), progress }).then(
    (evidence) => evidence,
    (error: unknown) => error as Error & { remedy: string },
  );
  return { result, execs: cluster.execs, seen: progress.lastSeen().join("\n") };
}

const toPeer = (exec: FakeExec) => exec.command.some((word) => word.includes("host=127.0.0.1"));

describe("proveDatabase, active", () => {
  it("is proved by a write that another session reads back; the password goes in by stdin only", async () => {
    let token = "";
    const { result, execs } = await prove("active", ({ stdin }) => {
      const written = /values \('secondary', '([^']+)'/.exec(stdin)?.[1];
      if (written) token = written;
      return written ? {} : { stdout: `${token}\n${JSON.stringify(STATE)}\n` };
    });
    expect(result).toMatchObject({ proved: "acid-harbor committed a write that another session read back" });
    expect(execs.every(({ stdin }) => stdin.startsWith("pass-word\n"))).toBe(true);
    expect(execs.map(({ command }) => command.join(" ")).join()).not.toContain("pass-word");
  });

  it("is not proved while writes are refused, whatever the role says", async () => {
    const refused = { exitCode: 3, stderr: "ERROR:  cannot execute CREATE SCHEMA in a read-only transaction" };
    const { result, seen } = await prove("active", () => refused, { seconds: 0.6 });
    expect(result).toBeInstanceOf(Error);
    expect(seen).toContain("write: ERROR:  cannot execute CREATE SCHEMA in a read-only transaction");
  });

  it("is not proved when the write is gone in the next session", async () => {
    const { result } = await prove("active", () => ({ stdout: `\n${JSON.stringify(STATE)}` }), { seconds: 0.6 });
    expect(result).toBeInstanceOf(Error);
  });

  it("says that no operator acts", async () => {
    const { result } = await prove("active", () => ({}), {
      seconds: 1,
      objects: { [PODS]: { items: [] }, [RESOURCE]: {} },
    });
    expect(result).toMatchObject({
      message: expect.stringMatching(
        /postgresql harbor\/acid-harbor has no status and no pod after \d s: no PostgreSQL operator acts on it/,
      ),
    });
  });
});

describe("proveDatabase, standby", () => {
  it("is proved by a record of the other site that arrives", async () => {
    let looks = 0;
    const { result } = await prove("standby", (exec) => {
      if (exec.stdin.includes("pg_logical_emit_message")) return { stdout: "0/3000200\n" };
      if (toPeer(exec)) return { stdout: JSON.stringify(STATE) };
      looks += 1;
      return { stdout: JSON.stringify({ ...STANDBY, lsn: looks > 3 ? "0/3000200" : "0/3000100" }) };
    });
    expect(result).toMatchObject({
      proved: expect.stringMatching(/^streams from primary: a record written there was replayed here/),
    });
  });

  it("is not proved by a receiver that says streaming while nothing arrives", async () => {
    const { result, seen } = await prove(
      "standby",
      (exec) => {
        if (exec.stdin.includes("pg_logical_emit_message")) return { stdout: "0/3000200\n" };
        return { stdout: JSON.stringify(toPeer(exec) ? STATE : STANDBY) };
      },
      { seconds: 0.9 },
    );
    expect(result).toBeInstanceOf(Error);
    expect(seen).toMatch(/record: written on primary at 0\/3000200, not replayed here/);
  });

  it("is not proved when the link is cut, though the receiver still says streaming", async () => {
    const { result } = await prove(
      "standby",
      (exec) =>
        toPeer(exec)
          ? { exitCode: 2, stderr: "psql: error: connection to server failed: timeout expired" }
          : { stdout: JSON.stringify({ ...STANDBY, lastActive: "primary" }) },
      { seconds: 2 },
    );
    expect(result).toMatchObject({ message: expect.stringContaining("A standby that does not receive is no standby") });
  });

  it("says what to type when the database is another one", async () => {
    const { result } = await prove(
      "standby",
      (exec) => ({ stdout: JSON.stringify(toPeer(exec) ? STATE : { ...STANDBY, systemIdentifier: "88" }) }),
      { seconds: 0.6 },
    );
    expect(result).toMatchObject({
      message: expect.stringContaining("system identifier 88 against 77"),
      remedy: expect.stringContaining("kubectl -n harbor delete postgresql acid-harbor"),
    });
  });
});
