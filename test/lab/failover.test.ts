/**
 * The demo's path on two sites of real servers, and what must go wrong when it should: each check is cut
 * off from what it proves, and must then fail without anything having changed.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Acknowledged, countArtifacts, Ledger, lookUp, pull, pushRandom } from "../../lab/client.ts";
import { PROJECT, type Provisioned, provision, pushImages, recoveredOf } from "../../lab/demo/failover.ts";
import { kubeRequest, readAccess } from "../../lab/kube/rest.ts";
import { cut, down, heal, kill, start } from "../../lab/lab.ts";
import { type LabLayout, labLayout } from "../../lab/layout.ts";
import { projectDir } from "../../lab/project.ts";
import { type Engine, prepareEngine, type RunResult } from "../../lab/pulumi/engine.ts";
import { Supervisor } from "../../lab/supervisor.ts";
import { SITES, type Site } from "../../sites.ts";

const IMAGES = 5;
const quiet = () => undefined;
const lab: LabLayout = labLayout();

let engine: Engine;
let site: Provisioned;

const pulumi = (...args: string[]): Promise<RunResult> =>
  engine.run([...args, "--non-interactive", "--color", "never"], { cwd: projectDir(lab), timeoutSeconds: 300 });
const up = (stack: Site, ...args: string[]) => pulumi("up", "--yes", "--skip-preview", "--stack", stack, ...args);
const setLimit = (stack: Site, name: string, seconds: number) =>
  pulumi("config", "set", "--path", `timeouts.${name}`, String(seconds), "--stack", stack);
/** What the site's custom resources say now. */
async function stateOf(stack: Site): Promise<{ isReplica: boolean; instances: number; core: number }> {
  const access = readAccess(lab.kubeconfig, `${stack}-admin`);
  const get = <T>(path: string) => kubeRequest<T>(access, { method: "GET", path });
  const postgresql = await get<{ spec: { numberOfInstances: number; clusterReplication: { isReplica: boolean } } }>(
    "/apis/acid.zalan.do/v1/namespaces/harbor/postgresqls/acid-harbor",
  );
  const harbor = await get<{ spec: { helmValues: { core: { replicas: number } } } }>(
    "/apis/operator.alaudadevops.io/v1alpha1/namespaces/harbor/harbors/harbor",
  );
  const { numberOfInstances: instances, clusterReplication } = postgresql.spec;
  return { isReplica: clusterReplication.isReplica, instances, core: harbor.spec.helmValues.core.replicas };
}

const textOf = ({ stdout, stderr }: RunResult) => `${stdout}\n${stderr}`;

beforeAll(async () => {
  await down(lab, quiet);
  engine = await prepareEngine({ home: join(lab.dir, "pulumi") });
  site = await provision(lab, engine, quiet);
});

afterAll(async () => {
  await down(lab, quiet);
});

describe("two provisioned sites", () => {
  it.each(SITES)("has nothing left to do on %s", async (stack) => {
    const again = await up(stack, "--expect-no-changes");
    expect(textOf(again)).toMatch(/unchanged/);
    expect(again.code).toBe(0);
  });

  it.each(SITES)("keeps every policy on %s", async (stack) => {
    const checked = await pulumi("preview", "--policy-pack", "policies", "--stack", stack);
    expect(textOf(checked)).toMatch(/harbor-dr/);
    expect(textOf(checked)).not.toMatch(/\[mandatory\]/);
    expect(checked.code).toBe(0);
  });

  it("sends clients to the active site only", async () => {
    const name = new URL(site.client.externalUrl).hostname;
    expect(await lookUp(site.client, name, lab.dnsAddress)).toEqual([lab.sites.primary.address]);
  });

  it("exports the proofs of each role", async () => {
    const steps = async (stack: Site) =>
      (JSON.parse(await site.stacks.output(stack, "proofs")) as { step: string }[]).map(({ step }) => step);
    expect(await steps("primary")).toEqual([
      "proveDatabase",
      "proveObjectStore",
      "ensureBucket",
      "proveHarbor",
      "provePushPull",
      "proveRouting",
    ]);
    expect(await steps("secondary")).toEqual([
      "proveDatabase",
      "proveObjectStore",
      "proveHarbor",
      "provePushPull",
      "proveRouting",
    ]);
  });

  it("prints no secret, and keeps none in plain text in its state", async () => {
    const password = site.client.password;
    const shown = await pulumi("stack", "export", "--stack", "primary");
    expect(shown.code).toBe(0);
    expect(shown.stdout.includes(password)).toBe(false);
  });
});

describe("what must be refused", () => {
  it("a promotion while the other site still answers, and nothing changes", async () => {
    const before = await stateOf("secondary");
    await site.stacks.setActive("secondary", "secondary");
    const refused = await up("secondary");
    await site.stacks.setActive("secondary", "primary");
    expect(refused.code).not.toBe(0);
    expect(textOf(refused)).toMatch(/gate on site secondary: refused/);
    expect(textOf(refused)).toMatch(/primary still answers as active: Harbor answers .*database .*takes writes/s);
    expect(textOf(refused)).toMatch(/pulumi config set activeSite secondary --stack primary/);
    expect(await stateOf("secondary")).toEqual(before);
  });

  it("a standby that nothing reaches any more", async () => {
    await cut(lab, quiet);
    await setLimit("secondary", "databaseSeconds", 20);
    await pulumi("config", "set", "rerun", "1", "--stack", "secondary");
    const failed = await up("secondary");
    await heal(lab, quiet);
    await setLimit("secondary", "databaseSeconds", 60);
    expect(failed.code).not.toBe(0);
    expect(textOf(failed)).toMatch(/proveDatabase on site secondary: not proved/);
    expect(textOf(failed)).toMatch(/does not answer this site|does not stream/);
    expect((await up("secondary")).code).toBe(0);
  });
});

describe("the failover", () => {
  let ledger: readonly Acknowledged[];
  let rows: number;

  it("begins with images that were acknowledged, and a site that goes dark", async () => {
    ledger = await pushImages(site.client, new Ledger(join(lab.dir, "ledger.jsonl")), IMAGES, quiet);
    rows = await countArtifacts(site.client, PROJECT);
    expect(ledger).toHaveLength(IMAGES);
    // The standby's proofs demand that both kinds of replication have caught up.
    await pulumi("config", "set", "rerun", "2", "--stack", "secondary");
    expect((await up("secondary")).code).toBe(0);
    await kill(lab, "primary", quiet);
  });

  it("leaves Harbor at 0 while the database is not promoted", async () => {
    const operators = new Supervisor(lab.sites.secondary);
    await operators.stop("operators", "SIGKILL");
    await setLimit("secondary", "databaseSeconds", 8);
    await site.stacks.setActive("secondary", "secondary");
    const failed = await up("secondary");
    await setLimit("secondary", "databaseSeconds", 60);
    expect(failed.code).not.toBe(0);
    expect(textOf(failed)).toMatch(/proveDatabase on site secondary: not proved/);
    expect(await stateOf("secondary")).toMatchObject({ core: 0 });
  });

  it("is finished by running it again", async () => {
    await start(lab, "secondary", quiet);
    const done = await up("secondary");
    expect(textOf(done)).toMatch(/gate \([\d.]+ s\): primary answers as active on no path/);
    expect(done.code).toBe(0);
    expect(await stateOf("secondary")).toMatchObject({ core: 1, isReplica: false });
  });

  it("brings back everything that was acknowledged, and takes new images", async () => {
    const { images, rows: counted } = await recoveredOf(site.client, ledger, rows, quiet);
    expect(images).toEqual({ acknowledged: IMAGES, recovered: IMAGES, lost: [] });
    expect(counted.recovered).toBe(rows);
    const pushed = await pushRandom(site.client, `${PROJECT}/after:v1`);
    expect(await pull(site.client, pushed.reference)).toBe(pushed.digest);
  });

  it("has moved the name", async () => {
    const name = new URL(site.client.externalUrl).hostname;
    expect(await lookUp(site.client, name, lab.dnsAddress)).toEqual([lab.sites.secondary.address]);
  });
});
