/**
 * What every conformance case works on: one API server, each available engine, and stacks of the fixture program.
 * A case declares data, types a pulumi command and looks at what the API server and the state file say.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { checkout } from "../../lab/layout.ts";
import { type Engine, genuineCli, prepareEngine, type RunOptions, type RunResult } from "../../lab/pulumi/engine.ts";
import type { Json, JsonObject } from "../../lab/pulumi/values.ts";
import { goCommand, goToolFile } from "../../lab/setup/goTools.ts";
import { type ApiServer, startApiServer } from "./apiServer.ts";

const PROJECT = join(checkout, "test", "engine", "project");

/** Which engines the cases run against; the genuine one where it is installed. */
export const ENGINES: readonly { readonly name: string; readonly standIns: boolean }[] = [
  { name: "stand-in plugins", standIns: true },
  ...((await genuineCli()) === undefined ? [] : [{ name: "genuine plugins", standIns: false }]),
];

/** Why the cases cannot run here, if they cannot. With CI=true that is a failure instead. */
export const MISSING: string | undefined =
  (["etcd", "kube-apiserver", "pulumi"] as const).every((name) => goToolFile(name) !== undefined) ||
  goCommand() !== undefined
    ? undefined
    : "Go, to build etcd, kube-apiserver and pulumi";
export const SKIP = MISSING !== undefined && process.env.CI !== "true";

export interface Bench {
  readonly engine: Engine;
  readonly server: ApiServer;
  readonly home: string;
  stack(name: string): Promise<Stack>;
  close(): Promise<void>;
}

export class Stack {
  readonly #engine: Engine;
  readonly folder: string;
  readonly name: string;
  constructor(engine: Engine, folder: string, name: string) {
    this.#engine = engine;
    this.folder = folder;
    this.name = name;
  }

  get configFile(): string {
    return join(this.folder, `Pulumi.${this.name}.yaml`);
  }

  pulumi(args: readonly string[], options: Partial<RunOptions> = {}): Promise<RunResult> {
    return this.#engine.run(args, { cwd: this.folder, timeoutSeconds: 150, ...options });
  }

  /** Writes what the program declares into the stack's configuration, as an editor would. */
  declare(declarations: JsonObject, more: Record<string, Json> = {}): void {
    const file = parse(readFileSync(this.configFile, "utf8")) as { config?: Record<string, Json> };
    const config = { ...file.config, "conformance:declare": declarations, ...more };
    writeFileSync(this.configFile, stringify({ ...file, config }));
  }

  preview(...args: string[]): Promise<RunResult> {
    return this.pulumi(["preview", "--diff", ...args]);
  }

  up(...args: string[]): Promise<RunResult> {
    return this.pulumi(["up", "--yes", "--skip-preview", ...args]);
  }

  destroy(): Promise<RunResult> {
    return this.pulumi(["destroy", "--yes", "--skip-preview"]);
  }

  async outputs(): Promise<JsonObject> {
    const { stdout } = ok(await this.pulumi(["stack", "output", "--json", "--show-secrets"]));
    return JSON.parse(stdout) as JsonObject;
  }
}

/** All output of a run, for expectations about what a user reads. */
export function said(result: RunResult): string {
  return `${result.stdout}\n${result.stderr}`;
}

/** The result of a run that must have succeeded; otherwise an error that carries what pulumi said. */
export function ok(result: RunResult): RunResult {
  if (result.code !== 0) throw new Error(`pulumi ended with code ${result.code}:\n${said(result)}`);
  return result;
}

export async function openBench(standIns: boolean): Promise<Bench> {
  if (MISSING !== undefined) throw new Error(`the conformance cases need ${MISSING}`);
  const home = mkdtempSync(join(tmpdir(), "harbor-dr-bench-"));
  const [engine, server] = await Promise.all([prepareEngine({ home, standIns }), startApiServer()]);
  const stack = async (name: string): Promise<Stack> => {
    const folder = join(home, "projects", name);
    mkdirSync(folder, { recursive: true });
    cpSync(PROJECT, folder, { recursive: true });
    if (!existsSync(join(folder, "node_modules")))
      symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
    const made = new Stack(engine, folder, name);
    ok(await made.pulumi(["stack", "init", name]));
    made.declare({}, { "conformance:kubeconfig": server.kubeconfig });
    return made;
  };
  const close = async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  };
  return { engine, server, home, stack, close };
}

/** Text of every file below the folder, state and backups alike: for asking whether a secret lies there. */
export function everythingIn(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}
