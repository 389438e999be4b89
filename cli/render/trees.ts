/**
 * The two trees that are compared: the working tree where it is, and the base as git has it, unpacked into
 * a folder of its own that borrows the working tree's packages and is removed whatever happens. Each
 * tree's program runs in a process that is not ours.
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

/** What a tree's program said, or why it could not run. */
export type TreeResult = { readonly tree: Tree } | { readonly failed: string };

/** Unpacks the project in `folder` as `commit` has it, for as long as `use` takes. */
export async function withTreeAt<Result>(
  folder: string,
  commit: string,
  use: (tree: string) => Promise<Result>,
): Promise<Result> {
  const temporary = mkdtempSync(join(tmpdir(), "harbor-dr-render-"));
  const remove = () => rmSync(temporary, { recursive: true, force: true });
  const ended = (signal: NodeJS.Signals) => {
    remove();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, ended);
  try {
    const tree = join(temporary, "base");
    await unpack(folder, commit, tree);
    symlinkSync(join(packagesOf(folder), "node_modules"), join(tree, "node_modules"));
    return await use(tree);
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

/**
 * The commit that `ref` names.
 * @throws ExitError for a reference that git does not know.
 */
export async function commitOf(folder: string, ref: string): Promise<string> {
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
async function unpack(folder: string, commit: string, into: string): Promise<void> {
  const top = await git(folder, ["rev-parse", "--show-toplevel"]);
  const prefix = await git(folder, ["rev-parse", "--show-prefix"]);
  mkdirSync(into);
  // The project may be new: its program then says that it finds no Pulumi.yaml.
  const tree = `${commit}:${prefix.replace(/\/$/, "")}`;
  const known = await git(folder, ["rev-parse", "--verify", "--quiet", tree]).catch(() => undefined);
  if (known === undefined) return;
  const archive = `${into}.tar`;
  try {
    await git(top, ["archive", "--format=tar", `--output=${archive}`, tree]);
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

/** Runs the programs of trees, one after the other. */
export interface Runner {
  /** Runs the program in `folder`. What it prints is shown only when it ends without an answer. */
  run(folder: string): Promise<TreeResult>;
  end(): void;
}

/** Starts the process in which programs run: what they do to their process, they do not do to ours. */
export function startRunner(): Runner {
  const child = fork(fileURLToPath(new URL("./child.ts", import.meta.url)), [], {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
    });
  }
  const waiting = new Map<string, (result: TreeResult) => void>();
  const answer = (folder: string, result: TreeResult) => {
    waiting.get(folder)?.(result);
    waiting.delete(folder);
  };
  const giveUp = (why: string) => {
    for (const folder of [...waiting.keys()]) {
      answer(folder, { failed: `the program ended without an answer (${why}):\n${said.trim()}` });
    }
  };
  child.on("message", (message) => {
    const { folder, answer: result } = message as { folder: string; answer: TreeResult };
    answer(folder, result);
  });
  child.once("error", (error) => giveUp(error.message));
  child.once("close", (code, signal) => giveUp(signal === null ? `exit code ${code}` : signal));
  const limit = setTimeout(() => {
    said += `no end within ${LIMIT_SECONDS} s`;
    child.kill("SIGKILL");
  }, LIMIT_SECONDS * 1000);
  return {
    run: (folder) =>
      new Promise((resolve) => {
        waiting.set(folder, resolve);
        if (child.connected) child.send(folder);
        else giveUp("it had ended before");
      }),
    end: () => {
      clearTimeout(limit);
      if (child.connected) child.disconnect();
      giveUp("it was ended");
    },
  };
}
