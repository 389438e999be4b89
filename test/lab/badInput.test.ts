/**
 * Bad input against real clusters: each is refused before anything is declared, names what is wrong and
 * says what to type; and an `up` that is killed half-way, or runs twice at once, harms nothing.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubeRequest, readAccess } from "../../lab/kube/rest.ts";
import { down, up as labUp } from "../../lab/lab.ts";
import { labLayout } from "../../lab/layout.ts";
import { writeProject } from "../../lab/project.ts";
import { type Engine, prepareEngine, type RunResult } from "../../lab/pulumi/engine.ts";
import type { Site } from "../../sites.ts";

const lab = labLayout();
const quiet = () => undefined;
/** What "within seconds" means for a cluster that does not answer: no minute of silence at 3 a.m. */
const SECONDS = 30;

let engine: Engine;
let cwd: string;

const pulumi = (...args: string[]): Promise<RunResult> =>
  engine.run([...args, "--non-interactive", "--color", "never"], { cwd, timeoutSeconds: 240 });
const textOf = ({ stdout, stderr }: RunResult) => `${stdout}\n${stderr}`;

/** Sets keys of a stack, previews it, and takes the keys back. */
async function previewWith(stack: Site, keys: Readonly<Record<string, string>>): Promise<RunResult> {
  const file = join(cwd, `Pulumi.${stack}.yaml`);
  const before = readFileSync(file, "utf8");
  try {
    for (const [key, value] of Object.entries(keys)) await pulumi("config", "set", key, value, "--stack", stack);
    return await pulumi("preview", "--stack", stack);
  } finally {
    writeFileSync(file, before);
  }
}

async function objectsIn(stack: Site): Promise<number> {
  const access = readAccess(lab.kubeconfig, `${stack}-admin`);
  const lists = ["/apis/acid.zalan.do/v1/postgresqls", "/apis/operator.alaudadevops.io/v1alpha1/harbors"];
  const found = await Promise.all(lists.map((path) => kubeRequest<{ items: unknown[] }>(access, { path })));
  return found.reduce((sum, { items }) => sum + items.length, 0);
}

beforeAll(async () => {
  await down(lab, quiet);
  engine = await prepareEngine({ home: join(lab.dir, "pulumi") });
  await labUp(lab, quiet);
  cwd = writeProject(lab);
  for (const stack of ["primary", "secondary"]) await pulumi("stack", "init", stack);
});

afterAll(async () => {
  await down(lab, quiet);
});

describe("a configuration that cannot work", () => {
  it("names a misspelt key and the one that was meant", async () => {
    const refused = await previewWith("primary", { activSite: "secondary" });
    expect(refused.code).not.toBe(0);
    expect(textOf(refused)).toMatch(
      /activSite[\s\S]*activeSite \(did you mean that\?\)[\s\S]*pulumi config rm activSite/,
    );
  });

  it("names an activeSite that is no site", async () => {
    const refused = await previewWith("primary", { activeSite: "tertiary" });
    expect(textOf(refused)).toMatch(/activeSite[\s\S]*received: "tertiary"[\s\S]*primary or secondary/);
  });

  it("refuses a secret in plain text without repeating it", async () => {
    const refused = await previewWith("primary", { adminPassword: "Plain-Text-1234" });
    expect(textOf(refused)).toMatch(/adminPassword[\s\S]*plain text[\s\S]*pulumi config set --secret adminPassword/);
    expect(textOf(refused)).not.toContain("Plain-Text-1234");
  });
});

describe("a cluster that cannot be used", () => {
  it("names a kubeconfig that is not there", async () => {
    const refused = await previewWith("primary", { kubeconfig: "nowhere/kubeconfig" });
    expect(refused.code).not.toBe(0);
    expect(textOf(refused)).toMatch(/nowhere\/kubeconfig[\s\S]*pulumi config set kubeconfig/);
  });

  it("names a context that is not there, and those that are", async () => {
    const refused = await previewWith("primary", { kubeContext: "tertiary" });
    expect(textOf(refused)).toMatch(/tertiary[\s\S]*primary[\s\S]*pulumi config set kubeContext/);
  });

  it("says within seconds that a cluster does not answer", async () => {
    const dark = join(lab.dir, "dark-kubeconfig");
    const nobody = lab.hostAddress.replace(/\d+$/, "99");
    writeFileSync(dark, readFileSync(lab.kubeconfig, "utf8").replaceAll(lab.sites.primary.address, nobody));
    const refused = await previewWith("primary", { kubeconfig: dark });
    expect(refused.code).not.toBe(0);
    expect(textOf(refused)).toContain(nobody);
    expect(textOf(refused)).toMatch(/does not answer|no connection/);
    expect(refused.seconds).toBeLessThan(SECONDS);
  });

  it("changed nothing so far", async () => {
    expect(await objectsIn("primary")).toBe(0);
  });
});

describe("the other site's stack", () => {
  it("is named when it was never applied", async () => {
    const refused = await pulumi("preview", "--stack", "secondary");
    expect(refused.code).not.toBe(0);
    expect(textOf(refused)).toMatch(/organization\/harbor-dr\/primary[\s\S]*pulumi up --stack primary/);
    expect(await objectsIn("secondary")).toBe(0);
  });
});

describe("an up that is disturbed", () => {
  it("is finished by the next one after SIGKILL, once its lock is given up", async () => {
    const child = spawn(engine.cli, ["up", "--yes", "--skip-preview", "--stack", "primary", "--non-interactive"], {
      cwd,
      env: { ...process.env, ...engine.env },
      stdio: "ignore",
      detached: true,
    });
    while ((await objectsIn("primary")) === 0 && child.exitCode === null) await sleep(200);
    expect(child.exitCode).toBeNull();

    const second = await pulumi("up", "--yes", "--skip-preview", "--stack", "primary");
    expect(second.code).not.toBe(0);
    expect(textOf(second)).toMatch(/currently locked[\s\S]*pulumi cancel/);

    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await pulumi("cancel", "--yes", "--stack", "primary");
    const finished = await pulumi("up", "--yes", "--skip-preview", "--stack", "primary");
    expect(textOf(finished)).toMatch(/Resources:/);
    expect(finished.code).toBe(0);
  });

  it("does not let the sites run different Harbor versions", async () => {
    const file = join(cwd, "Pulumi.secondary.yaml");
    const before = readFileSync(file, "utf8");
    await pulumi("config", "set", "--path", "harbor.version", "2.14.2", "--stack", "secondary");
    const refused = await pulumi("preview", "--stack", "secondary");
    writeFileSync(file, before);
    expect(refused.code).not.toBe(0);
    expect(textOf(refused)).toMatch(/harbor\.version: here "2\.14\.2", in organization\/harbor-dr\/primary "2\.14\.1"/);
  });
});
