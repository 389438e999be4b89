/** render from outside, on a repository of its own: the comment that reviewers read, the exit codes, what is left behind. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markdownOf } from "../../cli/render/markdown.ts";
import { isRefused, type Report, reportOf } from "../../cli/render/report.ts";
import { roleOf, SITES } from "../../sites.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(checkout, "cli", "harbor-dr.js");

/** What the program consists of. */
const PROGRAM = [
  "Pulumi.yaml",
  "Pulumi.primary.yaml",
  "Pulumi.secondary.yaml",
  "package.json",
  "tsconfig.json",
  "index.ts",
  "site.ts",
  "sites.ts",
  "config.ts",
  "outputs.ts",
  "config",
  "kinds",
  "components",
  "steps",
];

let place: string;
/** A repository in which the program is a folder, as where several projects share one. */
let project: string;
let temporary: string;

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "harbor-dr-test-"));
  project = join(place, "registry");
  temporary = join(place, "tmp");
  mkdirSync(project);
  mkdirSync(temporary);
  for (const entry of PROGRAM) cpSync(join(checkout, entry), join(project, entry), { recursive: true });
  symlinkSync(join(checkout, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(place, ".gitignore"), "node_modules\ntmp\n");
  git("init", "--quiet", "--initial-branch=main");
  commit("The program");
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
  return execFileSync("git", ["-C", place, ...identity, ...args], { encoding: "utf8" }).trim();
}

function commit(message: string): string {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
  return git("rev-parse", "HEAD");
}

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(join(project, file), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(project, file), text.replace(from, to));
}

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function render(...args: readonly string[]): Promise<Run> {
  return run([cli, "render", ...args]);
}

async function run(args: readonly string[], during?: (child: ReturnType<typeof spawn>) => void): Promise<Run> {
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, args, { cwd: project, env, stdio: ["ignore", "pipe", "pipe"] });
  during?.(child);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { code, stdout, stderr };
}

/** Folders of trees that were unpacked and not removed. */
function leftBehind(): string[] {
  return readdirSync(temporary).filter((name) => name.startsWith("harbor-dr-render-"));
}

describe("a change that a reviewer should see", () => {
  test("is shown for both sites in both roles, under the policies, without a secret", async () => {
    edit("Pulumi.yaml", "version: 2.14.1", "version: 2.14.2");
    edit("Pulumi.yaml", "type: none", "type: externalDns\n      ttlSeconds: 60");
    edit(
      "components/postgresCluster.ts",
      "{ ...child, protect: true, dependsOn",
      "{ ...child, protect: false, dependsOn",
    );
    writeFileSync(
      join(project, "Pulumi.primary.yaml"),
      `${readFileSync(join(project, "Pulumi.primary.yaml"), "utf8")}  harbor-dr:coreSecret:\n    secure: v1:c2FsdA==:Y2lwaGVydGV4dA==\n`,
    );
    const { code, stdout, stderr } = await render("--base", "main", "--json");
    expect(stderr).toMatch(/^rendered both sites in both roles in \d+\.\d s; policy violations: 1\n$/);
    expect(code).toBe(3);
    expect(leftBehind()).toEqual([]);
    const report = JSON.parse(stdout) as Report;
    expect(report.base).toEqual({ ref: "main", commit: git("rev-parse", "HEAD") });
    // The shape that scripts rely on.
    expect(Object.keys(report)).toEqual([
      "version",
      "base",
      "activeSite",
      "changes",
      "changedSecrets",
      "flip",
      "violations",
    ]);
    expect(report.changedSecrets).toEqual(["primary harbor-dr:coreSecret"]);
    expect(report.changes.secondary.active).toContainEqual({
      resource: "harbor-registry",
      kind: "Harbor",
      object: "harbor/harbor",
      change: "changed",
      fields: [{ path: "spec.version", before: "2.14.1", after: "2.14.2" }],
    });
    const { message, ...violation } = report.violations[0] ?? { message: "" };
    expect(message).toContain("Fix: Declare it with protect: true.");
    expect(violation).toEqual({
      rule: "stateful-protected",
      severity: "critical",
      enforcement: "mandatory",
      resource: "database-cluster",
      property: "protect",
      value: "false",
      where: ["primary active", "secondary standby", "primary standby", "secondary active"],
    });
    const comment = markdownOf({ ...report, base: { ref: "main", commit: "0123456789ab" } });
    expect(`${stdout}${comment}`).not.toMatch(/Placeholder|made-|Y2lwaGVydGV4dA/);
    await expect(comment).toMatchFileSnapshot("../golden/render.md");
  });

  test("to a program that did not run before is shown as what there is now", () => {
    const views = SITES.flatMap((activeSite) =>
      SITES.map((site) => ({ site, activeSite, role: roleOf(site, activeSite), resources: [] })),
    );
    const head = { activeSite: "primary" as const, views, ciphertexts: {} };
    const base = { failed: "The configuration has 1 problem." };
    const report = reportOf({ ref: "main", commit: "0123456789ab", base, head, rules: [], configuration: {} });
    expect(report.base.failed).toBe(base.failed);
    expect(report.changes.primary).toEqual({ active: [], standby: [] });
    expect(markdownOf(report)).toContain(
      "> The base's own program does not run, so no change can be shown, only what a flip would do:\n>\n> The configuration has 1 problem.",
    );
    expect(isRefused(report)).toBe(false);
  });
});

describe("usage", () => {
  test("a base that git does not know", async () => {
    const { code, stdout, stderr } = await render("--base", "origin/nowhere");
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "--base origin/nowhere: git knows no such commit. Name a branch, a tag or a commit, such as --base origin/main; " +
        "in CI fetch it first: git fetch --depth=1 origin nowhere\n",
    });
  });

  test("no base, an unknown command, an unknown rule", async () => {
    const configuration = join(place, "tmp", "rules.json");
    writeFileSync(configuration, JSON.stringify({ "database-tsl": "advisory" }));
    const [bare, command, rule, help] = await Promise.all([
      render(),
      run([cli, "paint"]),
      render("--base", "HEAD", "--policy-config", configuration),
      run([cli, "--help"]),
    ]);
    expect(bare).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining("--base") });
    expect(command).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining("paint") });
    expect(rule).toEqual({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("unknown rule database-tsl. Known: all, one-role, "),
    });
    expect(help).toEqual({ code: 0, stdout: expect.stringContaining("render"), stderr: "" });
  });

  test("a program that does not run is an error with its own words", async () => {
    edit("Pulumi.yaml", "externalUrl:", "externalURL:");
    const { code, stdout, stderr } = await render("--base", "HEAD");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("harbor.externalURL");
    expect(stderr).toContain("does not run");
    edit("Pulumi.yaml", "externalURL:", "externalUrl:");
  });

  test("a run that is interrupted leaves nothing behind", async () => {
    const { code, stdout } = await run([cli, "render", "--base", "HEAD"], (child) => {
      const waiting = setInterval(() => {
        if (leftBehind().length === 0) return;
        clearInterval(waiting);
        child.kill("SIGTERM");
      }, 20);
    });
    expect({ code, stdout }).toEqual({ code: null, stdout: "" });
    expect(leftBehind()).toEqual([]);
  });
});
