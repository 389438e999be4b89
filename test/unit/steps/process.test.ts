/** Steps as they are run: a process, an environment, one JSON line or an error with what to type. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { STEP_INPUTS, stepFile } from "../../../steps/inputs.ts";
import { type FakeCluster, fakeCluster } from "./fakeCluster.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
let cluster: FakeCluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

async function run(
  step: keyof typeof STEP_INPUTS,
  environment: Record<string, string>,
  signalAfterLine?: NodeJS.Signals,
) {
  const child = spawn(process.execPath, ["--import", "tsx", stepFile(step)], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: "/nowhere", ...environment },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    if (signalAfterLine) child.kill(signalAfterLine);
  });
  const code = await new Promise((done) => child.once("close", done));
  return { code, stdout, stderr };
}

const KINDS = "acid.zalan.do/v1/postgresqls,ceph.rook.io/v1/cephobjectstores,ceph.rook.io/v1/cephobjectrealms";
const GROUPS = {
  "/apis/acid.zalan.do/v1": { resources: [{ name: "postgresqls" }] },
  "/apis/ceph.rook.io/v1": { resources: [{ name: "cephobjectstores" }, { name: "cephobjectrealms" }] },
};

describe("a step's process", () => {
  it("prints one JSON line when all is well", async () => {
    cluster = await fakeCluster({ "/version": {}, "/api/v1/namespaces/harbor": {}, ...GROUPS });
    const { code, stdout } = await run("preflight", {
      DR_SITE: "primary",
      DR_KUBECONFIG: cluster.kubeconfig,
      DR_REQUIRED_KINDS: KINDS,
      DR_REQUIRED_NAMESPACES: "harbor",
    });
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      step: "preflight",
      site: "primary",
      seconds: expect.any(Number),
      finishedAt: expect.stringMatching(/Z$/),
      proved: expect.stringContaining("answers"),
    });
  });

  it("reports every problem at once", async () => {
    cluster = await fakeCluster({
      "/version": {},
      "/apis/ceph.rook.io/v1": { resources: [{ name: "cephobjectstores" }] },
    });
    const { code, stderr, stdout } = await run("preflight", {
      DR_SITE: "primary",
      DR_KUBECONFIG: cluster.kubeconfig,
      DR_REQUIRED_KINDS: KINDS,
      DR_REQUIRED_NAMESPACES: "harbor,rook-ceph",
    });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("4 problems");
    expect(stderr).toContain("kind acid.zalan.do/v1/postgresqls is missing: install the PostgreSQL operator");
    expect(stderr).toContain("kind ceph.rook.io/v1/cephobjectrealms is missing");
    expect(stderr).toContain("namespace rook-ceph is missing: `kubectl create namespace rook-ceph`");
    expect(stderr).toContain("Next: Correct them all");
  });

  it("gives up on a cluster that does not answer within seconds", async () => {
    cluster = await fakeCluster({});
    const { kubeconfig } = cluster;
    const gone = readFileSync(kubeconfig, "utf8").replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9");
    const { code, stderr } = await run("preflight", {
      DR_SITE: "primary",
      DR_KUBECONFIG: await rewritten(kubeconfig, gone),
      DR_REQUIRED_KINDS: KINDS,
      DR_REQUIRED_NAMESPACES: "harbor",
    });
    expect(code).toBe(1);
    expect(stderr).toContain("the API server does not answer: http://127.0.0.1:9: connect ECONNREFUSED");
    expect(stderr).toContain("apply the stack of the site that is alive");
  });

  it("names every variable that is missing", async () => {
    const { code, stderr } = await run("ensureBucket", {
      DR_SITE: "primary",
      DR_PEER: "secondary",
      DR_ROLE: "active",
      DR_TIMEOUT_SECONDS: "5",
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      "DR_BUCKET, DR_REGION, DR_OBJECT_STORE_ENDPOINT, DR_BUCKET_ACCESS_KEY, DR_BUCKET_SECRET_KEY",
    );
  });

  it("ends when it is told to, and never shows a secret", async () => {
    const { code, stderr, stdout } = await run(
      "provePushPull",
      {
        DR_SITE: "primary",
        DR_PEER: "secondary",
        DR_ROLE: "active",
        DR_TIMEOUT_SECONDS: "30",
        DR_EXTERNAL_URL: "http://registry.test",
        DR_HARBOR_ADDRESS: "127.0.0.1:9",
        DR_ADMIN_PASSWORD: "Sup3r-secret",
      },
      "SIGTERM",
    );
    expect(code).toBe(1);
    expect(stderr).toContain("told to end by SIGTERM");
    expect(stderr).toContain("127.0.0.1:9: connect ECONNREFUSED");
    expect(stdout + stderr).not.toContain("Sup3r-secret");
  });

  it("the gate lets a standby pass, and refuses with exit code 3", async () => {
    cluster = await fakeCluster({ "/api/v2.0/health": {} });
    const { host } = new URL(JSON.parse(readFileSync(cluster.kubeconfig, "utf8")).clusters[0].cluster.server);
    const environment = {
      DR_SITE: "secondary",
      DR_PEER: "primary",
      DR_TIMEOUT_SECONDS: "10",
      DR_KUBECONFIG: cluster.kubeconfig,
      DR_NAMESPACE: "harbor",
      DR_CLUSTER: "acid-harbor",
      DR_PEER_DATABASE_HOST: "127.0.0.1",
      DR_PEER_DATABASE_PORT: "9",
      DR_SUPERUSER_PASSWORD: "one-secret",
      DR_OBJECT_STORE_NAMESPACE: "rook-ceph",
      DR_REALM: "harbor",
      DR_ZONE: "harbor-secondary",
      DR_PEER_ZONE: "harbor-primary",
      DR_PEER_OBJECT_STORE_ENDPOINT: "http://127.0.0.1:9",
      DR_REALM_ACCESS_KEY: "two-secret",
      DR_REALM_SECRET_KEY: "three-secret",
      DR_EXTERNAL_URL: "http://registry.test",
      DR_PEER_HARBOR_ADDRESS: "127.0.0.1:9",
    };
    const standby = await run("gate", { ...environment, DR_ROLE: "standby" });
    expect([standby.code, JSON.parse(standby.stdout).proved]).toEqual([
      0,
      "secondary is a standby: nothing to promote",
    ]);
    const dead = await run("gate", { ...environment, DR_ROLE: "active" });
    expect([dead.code, JSON.parse(dead.stdout).seen]).toEqual([
      0,
      { harbor: "silent", database: "silent", gateway: "silent", alreadyActive: false },
    ]);
    // The fake answers 401 with JSON there: something that may be a gateway, and cannot be asked.
    const alive = await run("gate", {
      ...environment,
      DR_ROLE: "active",
      DR_TIMEOUT_SECONDS: "1",
      DR_PEER_OBJECT_STORE_ENDPOINT: `http://${host}`,
    });
    expect(alive.code).toBe(3);
    expect(alive.stderr).toContain("gate on site secondary: refused");
    expect(alive.stderr).toContain(
      "Next: Planned switchover: demote primary first: `pulumi config set activeSite secondary --stack primary && pulumi up --stack primary`",
    );
    expect(alive.stderr).not.toMatch(/(one|two|three)-secret/);
  });
});

describe("entry files", () => {
  it("are there for every row of the inputs, and act only when Node was started with them", async () => {
    const entries = readdirSync(path.join(ROOT, "steps")).filter((file) =>
      readFileSync(path.join(ROOT, "steps", file), "utf8").includes("\nstepMain(import.meta.url"),
    );
    expect(entries.map((file) => file.replace(".ts", "")).sort()).toEqual(Object.keys(STEP_INPUTS).sort());
    for (const step of Object.keys(STEP_INPUTS)) await import(`../../../steps/${step}.ts`);
  });
});

async function rewritten(file: string, text: string): Promise<string> {
  const { writeFile } = await import("node:fs/promises");
  await writeFile(file, text);
  return file;
}
