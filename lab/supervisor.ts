/**
 * Starts servers that outlive the process that started them, and finds them again.
 *
 * Each server runs detached in its own process group (SIGKILL of a parent takes no children along, so every server
 * is recorded by itself), inside the place's network namespace. Its pid and start time are recorded: a pid alone
 * may be somebody else's by now, and nothing here ever signals a process by name.
 */
import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logFile, runDir } from "./layout.ts";

/** A server that ends within this time of its start is reported as failed, with the end of its log. */
const SETTLE_MS = 80;
/** How long a server may take to end after its stop signal before it is killed. */
const STOP_SECONDS = 10;

export interface ProcessRecord {
  readonly pid: number;
  /** In clock ticks since boot, from /proc: tells a process from a later one of the same number. */
  readonly startTime: string;
  readonly argv: readonly string[];
}

export interface StartOptions {
  /** Added to a minimal environment; nothing of the caller's own environment leaks into servers. */
  readonly env?: Readonly<Record<string, string>>;
  /** Unix user to run as. */
  readonly user?: string;
  readonly cwd?: string;
}

/** Start time of a living process, undefined when it is gone or a zombie. */
export function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function inNamespace(netns: string): boolean {
  try {
    return readlinkSync("/proc/self/ns/net") === `net:[${statSync(`/run/netns/${netns}`).ino}]`;
  } catch {
    return false;
  }
}

function signalTo(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ESRCH") throw thrown;
  }
}

/** The last lines of a log, for errors. */
export function logTail(file: string, lines = 12): string {
  try {
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
}

const PASSED_ON = ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "KUBEBUILDER_ASSETS", "HARBOR_DR_LAB"] as const;

function minimalEnvironment(): Record<string, string> {
  const env: Record<string, string> = { LANG: "C.UTF-8" };
  for (const key of PASSED_ON) {
    const value = process.env[key];
    if (value !== undefined) env[key] = value;
  }
  return env;
}

export class Supervisor {
  readonly #place: { readonly dir: string; readonly netns: string };

  constructor(place: { readonly dir: string; readonly netns: string }) {
    this.#place = place;
  }

  #recordFile(name: string): string {
    return join(runDir(this.#place), `${name}.json`);
  }

  logOf(name: string): string {
    return logFile(this.#place, name);
  }

  record(name: string): ProcessRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#recordFile(name), "utf8")) as ProcessRecord;
    } catch {
      return undefined;
    }
  }

  /** Names of all servers that were started here and not stopped, dead ones included. */
  names(): string[] {
    try {
      return readdirSync(runDir(this.#place))
        .filter((file) => file.endsWith(".json"))
        .map((file) => file.slice(0, -".json".length))
        .sort();
    } catch {
      return [];
    }
  }

  pidOf(name: string): number | undefined {
    const record = this.record(name);
    return record !== undefined && startTimeOf(record.pid) === record.startTime ? record.pid : undefined;
  }

  running(name: string): boolean {
    return this.pidOf(name) !== undefined;
  }

  async start(name: string, argv: readonly string[], options: StartOptions = {}): Promise<void> {
    if (this.running(name)) return;
    const { netns } = this.#place;
    const command = [
      ...(inNamespace(netns) ? [] : ["ip", "netns", "exec", netns]),
      ...(options.user === undefined
        ? []
        : ["setpriv", `--reuid=${options.user}`, `--regid=${options.user}`, "--init-groups", "--"]),
      ...argv,
    ];
    const log = this.logOf(name);
    mkdirSync(join(log, ".."), { recursive: true });
    mkdirSync(runDir(this.#place), { recursive: true });
    const output = openSync(log, "a");
    const child = spawn(command[0] ?? "", command.slice(1), {
      detached: true,
      stdio: ["ignore", output, output],
      cwd: options.cwd ?? this.#place.dir,
      env: { ...minimalEnvironment(), ...options.env },
    });
    closeSync(output);
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(`exit ${code ?? signal}`));
    });
    const startTime = child.pid === undefined ? undefined : startTimeOf(child.pid);
    if (child.pid !== undefined && startTime !== undefined) {
      const record: ProcessRecord = { pid: child.pid, startTime, argv };
      const file = this.#recordFile(name);
      writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
    const failure = await Promise.race([ended, sleep(SETTLE_MS).then(() => undefined)]);
    child.unref();
    if (failure !== undefined) {
      throw new Error(`${name} did not start in ${netns}: ${failure}\n  ${argv[0]}, end of ${log}:\n${logTail(log)}`);
    }
  }

  /** Ends the recorded process, and what is left of its group; a server that is not there is no error. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const pid = this.pidOf(name);
    if (pid !== undefined) {
      signalTo(signal === "SIGKILL" ? -pid : pid, signal);
      const deadline = Date.now() + STOP_SECONDS * 1000;
      while (this.running(name) && Date.now() < deadline) await sleep(25);
      signalTo(-pid, "SIGKILL");
      while (this.running(name)) await sleep(25);
    }
    rmSync(this.#recordFile(name), { force: true });
  }
}
