/**
 * The Pulumi engine for the lab and its tests: the genuine CLI, and beside it either the genuine plugins, where this
 * machine has them in the versions that the lock file asks for, or the stand-ins of this folder under a PULUMI_HOME of
 * their own. Whoever holds an Engine types `pulumi …` as a user would.
 */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { checkout } from "../layout.ts";
import { buildGoTool } from "../setup/goTools.ts";
import type { Report } from "../setup/report.ts";
import { bundlePlugins } from "./bundle.ts";

const PLUGINS = ["kubernetes", "random", "command", "tls"] as const;
/** Asked for by one way of routing only: genuine plugins are complete without it. */
const STAND_INS = [...PLUGINS, "aws"] as const;
/** Below this the CLI may not speak the protocol that the stand-ins speak. */
const OLDEST_CLI = [3, 200];

export type EngineKind = "genuine plugins" | "stand-in plugins";

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** Every piece of output as it comes, stdout and stderr alike. */
  readonly onOutput?: (text: string) => void;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface Engine {
  readonly kind: EngineKind;
  /** For example "v3.259.0". */
  readonly cliVersion: string;
  /** Path of the CLI. */
  readonly cli: string;
  /** Everything that `pulumi` needs to run as this engine does: state, secrets, plugins. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs `pulumi <args>`; a failure is a code, not an exception. */
  run(args: readonly string[], options: RunOptions): Promise<RunResult>;
}

export interface EnginePlace {
  /** Folder of the engine's own: state, passphrase, and PULUMI_HOME with the stand-ins. */
  readonly home: string;
  /** @default tells nobody */
  readonly report?: Report;
  /** Take the stand-ins even where the genuine plugins are installed, to compare the two. @default false */
  readonly standIns?: boolean;
}

function packageVersion(name: string): string {
  const { version } = JSON.parse(readFileSync(join(checkout, "node_modules", name, "package.json"), "utf8")) as {
    version: string;
  };
  return version;
}

function onPath(program: string): string | undefined {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => resolve(folder, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function versionOf(cli: string): Promise<string | undefined> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  return promisify(execFile)(cli, ["version"], { env, timeout: 20_000 }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

/** The installed CLI when it has its language host beside it and every plugin in the version that is asked for. */
export async function genuineCli(): Promise<string | undefined> {
  const cli = onPath("pulumi");
  if (cli === undefined || onPath("pulumi-language-nodejs") === undefined) return undefined;
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const listed = await promisify(execFile)(cli, ["plugin", "ls", "--json"], { env, timeout: 20_000 }).catch(
    () => undefined,
  );
  if (!listed) return undefined;
  const plugins = JSON.parse(listed.stdout) as { name: string; kind: string; version?: string }[];
  const has = (name: string) =>
    plugins.some(
      (plugin) =>
        plugin.kind === "resource" && plugin.name === name && plugin.version === packageVersion(`@pulumi/${name}`),
    );
  return PLUGINS.every(has) ? cli : undefined;
}

function recentEnough(version: string | undefined): boolean {
  const [major = 0, minor = 0] = (version ?? "").replace(/^v/, "").split(".").map(Number);
  return major === OLDEST_CLI[0] && minor >= (OLDEST_CLI[1] ?? 0);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A plugin is a folder with an executable; the engine finds it there without a word, unlike one on PATH. */
function install(home: string, folder: string, executable: string, bundle: string, version: string): void {
  const place = join(home, "plugins", folder);
  mkdirSync(place, { recursive: true });
  const launcher = join(place, executable);
  writeFileSync(launcher, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(bundle)} ${version} "$@"\n`);
  chmodSync(launcher, 0o755);
}

async function installStandIns(home: string): Promise<void> {
  const bundles = await bundlePlugins([...STAND_INS, "language-nodejs"]);
  for (const name of STAND_INS) {
    const version = packageVersion(`@pulumi/${name}`);
    install(home, `resource-${name}-v${version}`, `pulumi-resource-${name}`, join(bundles, `${name}.cjs`), version);
  }
  const version = packageVersion("@pulumi/pulumi");
  install(home, `language-nodejs-v${version}`, "pulumi-language-nodejs", join(bundles, "language-nodejs.cjs"), version);
}

function passphraseFile(home: string): string {
  const file = join(home, "passphrase");
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return file;
}

export async function prepareEngine(place: EnginePlace): Promise<Engine> {
  const home = resolve(place.home);
  const report = place.report ?? (() => undefined);
  mkdirSync(join(home, "state"), { recursive: true });
  mkdirSync(join(home, "bin"), { recursive: true });
  const common = {
    PULUMI_BACKEND_URL: pathToFileURL(join(home, "state")).href,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile(home),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
  const genuine = place.standIns ? undefined : await genuineCli();
  if (genuine !== undefined) {
    const cliVersion = (await versionOf(genuine)) ?? "unknown";
    report(`pulumi: ${cliVersion} with its plugins, as installed`);
    return engineOf("genuine plugins", genuine, cliVersion, common);
  }
  const installed = onPath("pulumi");
  const usable = installed !== undefined && recentEnough(await versionOf(installed));
  const cli = usable ? installed : await buildGoTool("pulumi", report);
  await installStandIns(home);
  const link = join(home, "bin", "pulumi");
  rmSync(link, { force: true });
  symlinkSync(cli, link);
  const cliVersion = (await versionOf(cli)) ?? "unknown";
  report(`pulumi: ${cliVersion} with stand-in plugins (lab/pulumi/README.md)`);
  return engineOf("stand-in plugins", link, cliVersion, {
    ...common,
    PULUMI_HOME: home,
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
  });
}

function engineOf(kind: EngineKind, cli: string, cliVersion: string, own: Record<string, string>): Engine {
  const env = { ...own, PATH: `${dirname(cli)}${delimiter}${process.env.PATH ?? ""}` };
  return { kind, cliVersion, cli, env, run: (args, options) => runCli(cli, args, env, options) };
}

function runCli(
  cli: string,
  args: readonly string[],
  env: Record<string, string>,
  options: RunOptions,
): Promise<RunResult> {
  const begun = performance.now();
  return new Promise((done, failed) => {
    const child = spawn(cli, args, {
      cwd: options.cwd,
      env: { ...process.env, ...env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.signal ? { signal: options.signal } : {}),
      killSignal: "SIGINT",
    });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text: string) => {
        output[name] += text;
        options.onOutput?.(text);
      });
    }
    // SIGINT lets the engine finish what it is doing and write its state; the next one, 20 s later, does not.
    const seconds = options.timeoutSeconds;
    const limits =
      seconds === undefined
        ? []
        : [
            setTimeout(() => child.kill("SIGINT"), seconds * 1000),
            setTimeout(() => child.kill("SIGKILL"), seconds * 1000 + 20_000),
          ];
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.once("error", failed);
    child.once("close", (code, signal) => {
      for (const limit of limits) clearTimeout(limit);
      done({ ...output, code: code ?? (signal ? 128 : 1), seconds: (performance.now() - begun) / 1000 });
    });
  });
}
