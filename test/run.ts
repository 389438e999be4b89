/**
 * `npm test`: lint, types, unit tests, then set-up, engine tests and lab tests, each with its time. Where this
 * machine cannot host the lab, the rest runs and its tests count as skipped; with CI=true that is a failure.
 * The last line on standard output is `N passed, N failed`, with `, N skipped` where there are any.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { missingForLab } from "../lab/setup/host.ts";
import { elapsedReport } from "../lab/setup/report.ts";
import { lastLine, NOTHING, type Report, sum, type Tally, tallyOf } from "./tally.ts";

type Project = "unit" | "engine" | "lab";

const VITEST = ["node_modules/vitest/vitest.mjs"];
const say = elapsedReport();
const scratch = mkdtempSync(join(tmpdir(), "harbor-dr-tests-"));

/** Runs Node with `args`, its output shown as it comes. Answers with the exit code; undefined after the limit. */
async function node(args: readonly string[], minutes: number): Promise<number | undefined> {
  const options = { stdin: "ignore", stdout: "inherit", stderr: "inherit", reject: false } as const;
  const { exitCode } = await execa(process.execPath, args, { ...options, timeout: minutes * 60_000 });
  return exitCode;
}

/** One check that either passes or fails as a whole. */
async function check(args: readonly string[], minutes: number): Promise<Tally> {
  return (await node(args, minutes)) === 0 ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1 };
}

/** Every test file of a project: what a run must have seen. */
function filesOf(project: Project): string[] {
  const listed = readdirSync(join("test", project), { recursive: true, encoding: "utf8" });
  return listed.filter((file) => file.endsWith(".test.ts")).map((file) => resolve("test", project, file));
}

async function tests(project: Project, minutes: number): Promise<Tally> {
  const outputFile = join(scratch, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${outputFile}`];
  const exitCode = await node([...VITEST, "run", "--project", project, ...reporters], minutes);
  return tallyOf(reportIn(outputFile), filesOf(project), exitCode);
}

function reportIn(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

/**
 * How many tests the projects have. Their hooks stay out of it: no test has this name. `vitest list` would leave
 * out those that skip themselves, which are all of them where it matters.
 */
async function countTests(projects: readonly Project[]): Promise<number> {
  const which = projects.flatMap((project) => ["--project", project]);
  const outputFile = join(scratch, "count.json");
  const none = ["--testNamePattern", "no test is called this"];
  const reporter = ["--reporter=json", `--outputFile=${outputFile}`];
  const options = { stdout: "ignore", timeout: 300_000 } as const;
  await execa(process.execPath, [...VITEST, "run", ...which, ...none, ...reporter], options);
  return tallyOf(reportIn(outputFile), projects.flatMap(filesOf), 0).skipped;
}

async function stage(name: string, run: () => Promise<Tally>): Promise<Tally> {
  say(`${name} …`);
  const begun = performance.now();
  const tally = await run();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  say(`${name}: ${lastLine(tally)} (${seconds} s)`);
  return tally;
}

/** Set-up is no test: it counts only when it fails, and then what needs it has failed as well. */
async function withLab(): Promise<Tally> {
  const missing = missingForLab();
  if (missing.length > 0) {
    const skipped = await countTests(["engine", "lab"]);
    say(
      `engine and lab tests: ${skipped} skipped, because this machine lacks\n${missing.map((one) => `  - ${one}`).join("\n")}`,
    );
    const inCi = process.env.CI === "true";
    if (inCi) say("with CI=true that is a failure: run on a machine that can host the lab");
    return { passed: 0, failed: inCi ? 1 : 0, skipped };
  }
  const setUp = await stage("set-up", () => check(["--import", "tsx", "lab/setup/main.ts"], 45));
  if (setUp.failed > 0) return { ...NOTHING, failed: 1 + (await countTests(["engine", "lab"])) };
  return sum([
    await stage("engine tests", () => tests("engine", 30)),
    await stage("lab tests", () => tests("lab", 60)),
  ]);
}

try {
  const total = sum([
    await stage("lint and format", () =>
      check(["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings"], 5),
    ),
    await stage("types", () => check(["node_modules/typescript/bin/tsc"], 5)),
    await stage("unit tests", () => tests("unit", 5)),
    await withLab(),
  ]);
  process.exitCode = total.failed > 0 ? 1 : 0;
  console.log(lastLine(total));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
