/** The example of somebody else's program, deployed on two sites of real servers as its owner would. */
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { down, up as labUp } from "../../lab/lab.ts";
import { checkout, labLayout } from "../../lab/layout.ts";
import { type Engine, prepareEngine, type RunResult } from "../../lab/pulumi/engine.ts";
import { REDIS_NAME, REDIS_NAMESPACE } from "../../lab/redis.ts";
import { SITES, type Site } from "../../sites.ts";

const lab = labLayout();
const quiet = () => undefined;
const cwd = join(lab.dir, "own-program");
let engine: Engine;

const pulumi = (...args: string[]): Promise<RunResult> =>
  engine.run([...args, "--non-interactive", "--color", "never"], { cwd, timeoutSeconds: 280 });
const textOf = ({ stdout, stderr }: RunResult) => `${stdout}\n${stderr}`;

/** The example in a folder of its own, with the package among its own packages. */
function installExample(): void {
  cpSync(join(checkout, "examples", "own-program"), cwd, { recursive: true });
  const packages = join(cwd, "node_modules");
  if (!existsSync(packages)) mkdirSync(packages);
  for (const name of readdirSync(join(checkout, "node_modules")).filter((entry) => !entry.startsWith("."))) {
    symlinkSync(join(checkout, "node_modules", name), join(packages, name));
  }
  symlinkSync(checkout, join(packages, "harbor-dr"));
}

async function configure(site: Site): Promise<void> {
  const values = {
    kubeconfig: lab.kubeconfig,
    kubeContext: site,
    namespace: REDIS_NAMESPACE,
    redis: REDIS_NAME,
    externalUrl: `http://images.${lab.prefix}.test`,
    postgresVersion: "15",
    copies: "1",
    failureDomain: "osd",
  };
  await pulumi("stack", "init", site);
  for (const [key, value] of Object.entries(values)) await pulumi("config", "set", key, value, "--stack", site);
  for (const each of SITES) {
    await pulumi("config", "set", "--path", `addresses.${each}`, lab.sites[each].address, "--stack", site);
  }
}

beforeAll(async () => {
  await down(lab, quiet);
  engine = await prepareEngine({ home: join(lab.dir, "pulumi") });
  await labUp(lab, quiet);
  installExample();
  for (const site of SITES) await configure(site);
});

afterAll(async () => {
  await down(lab, quiet);
});

describe("somebody else's program", () => {
  it.each(SITES)("deploys %s, proves it, and then has nothing left to do", async (site) => {
    const first = await pulumi("up", "--yes", "--skip-preview", "--stack", site);
    expect(textOf(first)).toMatch(/Resources:\s+\+ \d+ created/);
    expect(first.code).toBe(0);
    const { stdout } = await pulumi("stack", "output", "proofs", "--json", "--stack", site);
    const steps = (JSON.parse(stdout) as { step: string }[]).map(({ step }) => step);
    expect(steps).toEqual(["proveHarbor", "provePushPull"]);
    expect((await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes", "--stack", site)).code).toBe(0);
  });
});
