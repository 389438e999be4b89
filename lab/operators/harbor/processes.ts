/**
 * Keeps one server of a pod running as a kubelet would: started again when its configuration changes, and after a
 * crash with a growing pause.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { logTail } from "../../supervisor.ts";
import { messageOf } from "../../wait.ts";
import type { SiteContext } from "../controller.ts";

/** A kubelet begins with ten seconds and ends at five minutes; a lab has no time for that. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** A server that lived this long has its earlier crashes forgiven. */
const FORGIVEN_AFTER_MS = 20_000;

export interface ServerProcess {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Configuration files by path; they hold secrets. */
  readonly files: Readonly<Record<string, string>>;
}

interface Life {
  startedAt: number;
  crashes: number;
  notBefore: number;
  lastWords: string;
}

export type ProcessState =
  | { readonly running: true; readonly restarts: number }
  | { readonly running: false; readonly restarts: number; readonly message: string };

const contentOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
};

export class PodProcesses {
  readonly #lives = new Map<string, Life>();

  /** Brings the server to what is asked for, without waiting until it answers. */
  async ensure(context: SiteContext, server: ServerProcess): Promise<ProcessState> {
    const { processes } = context;
    const changed = Object.entries(server.files).filter(([file, content]) => contentOf(file) !== content);
    for (const [file, content] of changed) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, content, { mode: 0o600 });
    }
    let life = this.#lives.get(server.name);
    const runs = processes.running(server.name);
    if (runs && changed.length === 0) return { running: true, restarts: life?.crashes ?? 0 };
    if (runs) {
      context.log(`${server.name}: configuration changed, starting it again`);
      await processes.stop(server.name);
      life = undefined;
    } else if (life !== undefined && life.notBefore <= life.startedAt) {
      this.#crashed(context, server.name, life);
    }
    if (life !== undefined && Date.now() < life.notBefore) {
      return { running: false, restarts: life.crashes, message: life.lastWords };
    }
    life ??= { startedAt: 0, crashes: 0, notBefore: 0, lastWords: "" };
    life.startedAt = Date.now();
    this.#lives.set(server.name, life);
    try {
      await processes.start(server.name, server.argv, server.cwd === undefined ? {} : { cwd: server.cwd });
    } catch (thrown) {
      this.#crashed(context, server.name, life);
      return { running: false, restarts: life.crashes, message: messageOf(thrown) };
    }
    return { running: true, restarts: life.crashes };
  }

  #crashed(context: SiteContext, name: string, life: Life): void {
    if (Date.now() - life.startedAt > FORGIVEN_AFTER_MS) life.crashes = 0;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** life.crashes);
    life.crashes += 1;
    life.notBefore = Date.now() + pause;
    life.lastWords = logTail(context.processes.logOf(name), 1);
    context.log(`${name} ended (${life.crashes}. time), again in ${pause} ms: ${life.lastWords}`);
  }

  /** Its configuration goes too: no secret is left behind by a server that is not there. */
  async stop(context: SiteContext, name: string, files: readonly string[]): Promise<void> {
    this.#lives.delete(name);
    await context.processes.stop(name);
    for (const file of files) rmSync(file, { force: true });
  }
}
