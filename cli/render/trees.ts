/**
 * The two trees that are compared: the working tree where it is, and the base as git has it, unpacked into
 * a folder of its own that borrows the working tree's packages and is removed whatever happens. Each
 * tree's program runs in a process of its own, because a module can be loaded in one version only.
 */
import { execFile, fork } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EXIT, ExitError } from "../exit.ts";
import type { Tree } from "./views.ts";

const run = promisify(execFile);

/** A program that hangs, on a promise that never settles, ends here. */
const LIMIT_SECONDS = 60;

/** What git says about the base. */
export interface Base {
  readonly ref: string;
  readonly commit: string;
  readonly folder: string;
}

/** What a tree's program said, or why it could not run. */
export type TreeResult = { readonly tree: Tree } | { readonly failed: string };

/**
 * Unpacks the base of `folder` for as long as `use` takes.
 * @throws ExitError for a reference that git does not know.
 */
export async function withBase<Result>(
  folder: string,
  ref: string,
  use: (base: Base) => Promise<Result>,
): Promise<Result> {
  const commit = await commitOf(folder, ref);
  const prefix = await git(folder, ["rev-parse", "--show-prefix"]);
  const temporary = mkdtempSync(join(tmpdir(), "harbor-dr-render-"));
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const ended = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, ended);
  try {
    const tree = join(temporary, "base");
    await unpack(folder, `${commit}:${prefix.replace(/\/$/, "")}`, tree);
    symlinkSync(join(packagesOf(folder), "node_modules"), join(tree, "node_modules"));
    return await use({ ref, commit, folder: tree });
  } finally {
    for (const signal of SIGNALS) process.off(signal, ended);
    remove();
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function git(folder: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run("git", ["-C", folder, ...args]);
  return stdout.trim();
}

async function commitOf(folder: string, ref: string): Promise<string> {
  const asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`];
  return git(folder, asked).catch(async () => {
    const inside = await git(folder, ["rev-parse", "--is-inside-work-tree"]).catch(() => "no");
    const why =
      inside === "true"
        ? `--base ${ref}: git knows no such commit. Name a branch, a tag or a commit, such as --base origin/main; ` +
          `in CI fetch it first: git fetch --depth=1 origin ${ref.replace(/^origin\//, "")}`
        : `${folder} is not in a git repository, so there is no base to compare with`;
    throw new ExitError(EXIT.usage, why);
  });
}

/** git archive takes the tree as it was committed, without touching index, work tree or list of worktrees. */
async function unpack(folder: string, tree: string, into: string): Promise<void> {
  const archive = `${into}.tar`;
  try {
    await git(folder, ["archive", "--format=tar", `--output=${archive}`, tree]);
    mkdirSync(into);
    await run("tar", ["-xf", archive, "-C", into]);
  } finally {
    rmSync(archive, { force: true });
  }
}

/** The nearest folder with packages, from the project upwards. */
function packagesOf(folder: string): string {
  if (existsSync(join(folder, "node_modules"))) return folder;
  const parent = join(folder, "..");
  if (parent === folder) throw new ExitError(EXIT.usage, "node_modules is missing: type npm ci first");
  return packagesOf(parent);
}

/** Runs the program in `folder`. What it prints is shown only when it fails. */
export async function runTree(folder: string): Promise<TreeResult> {
  const child = fork(fileURLToPath(new URL("./child.ts", import.meta.url)), [folder], {
    cwd: folder,
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const stop = () => child.kill("SIGKILL");
  process.once("exit", stop);
  const limit = setTimeout(stop, LIMIT_SECONDS * 1000);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
  }
  let result: TreeResult | undefined;
  child.once("message", (message) => {
    result = message as TreeResult;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (...end) => resolve(end));
  });
  clearTimeout(limit);
  process.off("exit", stop);
  if (result !== undefined) return result;
  const why = signal === "SIGKILL" ? `no end within ${LIMIT_SECONDS} s` : `exit code ${code}`;
  return { failed: `the program ended without an answer (${why}):\n${said.trim()}` };
}
