/**
 * Ceph's command line tools inside a site's namespace, each with a limit: a cluster without its OSD, or a peer that
 * has just gone dark, keeps them waiting for minutes. Exit codes matter to callers (2: there is no such thing yet).
 */
import { spawn } from "node:child_process";
import type { LabSite } from "../layout.ts";
import { cephPlace } from "./settings.ts";

/** errno of "no such file or directory": realm, zone group, zone or period does not exist yet. */
export const ENOENT = 2;

const LIMIT_SECONDS = 20;
const SECRET_OPTION = /^(--(?:access-key|secret|secret-key)=).*/;
/** Ceph writes its warnings, with time stamps and blank lines, to standard error even when all is well. */
const NOISE = /^\d{4}-\d\d-\d\dT\S+ [0-9a-f]+ +\d+ /;

export interface CephOptions {
  readonly input?: string;
  /** @default 20 */
  readonly seconds?: number;
}

/** A command that ended badly; `code` is its exit code, undefined when it was ended at its limit. */
export class CephFailure extends Error {
  override readonly name = "CephFailure";
  readonly code: number | undefined;
  constructor(message: string, code: number | undefined) {
    super(message);
    this.code = code;
  }
}

export const doesNotExist = (thrown: unknown): boolean => thrown instanceof CephFailure && thrown.code === ENOENT;

/** Standard output of `argv` run against the site's cluster. Values of key options are left out of errors. */
export async function ceph(site: LabSite, argv: readonly string[], options: CephOptions = {}): Promise<string> {
  const seconds = options.seconds ?? LIMIT_SECONDS;
  const { conf } = cephPlace(site);
  return await new Promise((resolve, reject) => {
    const child = spawn("ip", ["netns", "exec", site.netns, ...argv], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: "C.UTF-8", CEPH_CONF: conf },
    });
    const parts = { out: "", err: "" };
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, seconds * 1000);
    child.stdout.on("data", (chunk: Buffer) => {
      parts.out += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      parts.err = (parts.err + chunk.toString("utf8")).slice(-4000);
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      const missing = `${argv[0]} could not be run (${error.message}). Type: npm run setup`;
      reject(new CephFailure(missing, undefined));
    });
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      if (code === 0) return resolve(parts.out);
      const shown = argv.map((word) => word.replace(SECRET_OPTION, "$1…")).join(" ");
      const how = late ? `no end within ${seconds} s` : `exit ${code ?? signal}`;
      const said = (parts.err || parts.out)
        .split("\n")
        .map((line) => line.replace(NOISE, "").trim())
        .filter((line) => line !== "")
        .slice(-4)
        .join("; ");
      reject(new CephFailure(`${shown}: ${how}: ${said}`, late ? undefined : (code ?? undefined)));
    });
  });
}

/** Several `ceph` commands over one connection; the tool answers each, and goes on after one that fails. */
export async function cephCommands(site: LabSite, commands: readonly string[]): Promise<string> {
  return await ceph(site, ["ceph"], { input: `${commands.join("\n")}\n` });
}

export async function radosgwAdmin(site: LabSite, args: readonly string[], options?: CephOptions): Promise<string> {
  return await ceph(site, ["radosgw-admin", ...args], options);
}
