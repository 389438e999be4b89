/**
 * The stand-in for AWS that the tests of Route 53 ask: moto's server, from the Python package index, in a virtual
 * environment in the cache. Every package is pinned by its hashes in lab/setup/moto/requirements.txt; a changed pin
 * makes a new environment beside the old one.
 *
 * Pins are renewed with: echo 'moto==<version> flask flask-cors' | tr ' ' '\n' > in.txt; uv pip compile --universal
 * --generate-hashes --python-version 3.10 --no-header --no-annotate in.txt
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDir, checkout } from "../layout.ts";
import { installPackage } from "./packages.ts";
import type { Report } from "./report.ts";

const REQUIREMENTS = join(checkout, "lab", "setup", "moto", "requirements.txt");
const LIMIT_MS = 300_000;

const run = promisify(execFile);

/** The environment's Python, with which `-m moto.server` is started; undefined when it is not there yet. */
export function motoPython(): string | undefined {
  const python = join(environmentDir(), "bin", "python");
  return existsSync(python) ? python : undefined;
}

/** Makes the environment unless it is there. Safe to call from several processes at once. */
export async function installMoto(report: Report): Promise<string> {
  const ready = motoPython();
  if (ready !== undefined) {
    report("moto: installed already");
    return ready;
  }
  report("moto: installing (about 30 s the first time)");
  await ensureVenv(report);
  const folder = environmentDir();
  mkdirSync(join(cacheDir(), "moto"), { recursive: true });
  // Made beside and renamed, so that an interrupted installation leaves no half of one.
  const building = mkdtempSync(join(cacheDir(), "moto", "building-"));
  try {
    await run("python3", ["-m", "venv", building], { timeout: LIMIT_MS });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"];
    const pinned = [...pip, "--require-hashes", "--requirement", REQUIREMENTS];
    await run(join(building, "bin", "python"), pinned, { timeout: LIMIT_MS });
    if (!existsSync(folder)) renameSync(building, folder);
  } catch (problem) {
    throw new Error(explained(problem));
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  report("moto: installed");
  return join(folder, "bin", "python");
}

function environmentDir(): string {
  const key = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
  return join(cacheDir(), "moto", key);
}

/** Debian ships Python without the module that puts pip into a new environment. */
async function ensureVenv(report: Report): Promise<void> {
  const has = () =>
    run("python3", ["-c", "import ensurepip, venv"]).then(
      () => true,
      () => false,
    );
  if (await has()) return;
  await installPackage("python3-venv", report);
  if (!(await has())) {
    throw new Error("python3 has no venv module although python3-venv is installed. Is another python3 first on PATH?");
  }
}

function explained(problem: unknown): string {
  const { stderr = "", message = "" } = problem as { stderr?: string; message?: string };
  const told = (stderr || message).trim().split("\n").slice(-8).join("\n  ");
  const remedy = /NewConnectionError|Temporary failure|Name or service|timed out|No matching distribution/.test(told)
    ? "The Python package index was not reached: check the network, or set PIP_INDEX_URL to a mirror that you can reach, then type: npm run setup"
    : "Its pins are in lab/setup/moto/requirements.txt; type npm run setup to try again.";
  return `installing moto failed:\n  ${told}\n${remedy}`;
}
