/**
 * The distribution's packages that the lab's servers come from.
 *
 * Each is recognised by a file of its own, not by the package manager, so that asking costs no time and a machine
 * that has the program from elsewhere is left alone. The names are Debian 12's, where all of it was run; Ubuntu has
 * the same names but for PostgreSQL's number, so the installed number is looked up, not assumed.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Report } from "./report.ts";

interface Package {
  readonly name: string;
  readonly file: string;
}

const PYTHON = "/usr/lib/python3/dist-packages";

export const PACKAGES: readonly Package[] = [
  { name: "ceph-mon", file: "/usr/bin/ceph-mon" },
  { name: "ceph-mgr", file: "/usr/bin/ceph-mgr" },
  { name: "ceph-osd", file: "/usr/bin/ceph-osd" },
  { name: "ceph-common", file: "/usr/bin/ceph" },
  { name: "radosgw", file: "/usr/bin/radosgw" },
  { name: "patroni", file: "/usr/bin/patroni" },
  { name: "python3-etcd", file: `${PYTHON}/etcd/__init__.py` },
  { name: "python3-dnspython", file: `${PYTHON}/dns/__init__.py` },
  { name: "docker-registry", file: "/usr/bin/docker-registry" },
  { name: "skopeo", file: "/usr/bin/skopeo" },
  { name: "redis-server", file: "/usr/bin/redis-server" },
  { name: "dnsmasq-base", file: "/usr/sbin/dnsmasq" },
  { name: "iproute2", file: "/usr/sbin/ip" },
  { name: "openssl", file: "/usr/bin/openssl" },
  { name: "ca-certificates", file: "/usr/sbin/update-ca-certificates" },
];

const POSTGRES_HOME = "/usr/lib/postgresql";

/** Folder of the newest installed PostgreSQL's programs, undefined when there is none. */
export function postgresBin(): string | undefined {
  try {
    const versions = readdirSync(POSTGRES_HOME).filter((name) => existsSync(`${POSTGRES_HOME}/${name}/bin/postgres`));
    const newest = versions.sort((one, other) => Number(other) - Number(one))[0];
    return newest === undefined ? undefined : `${POSTGRES_HOME}/${newest}/bin`;
  } catch {
    return undefined;
  }
}

/** `ID` and `PRETTY_NAME` of the distribution, empty where there is no os-release. */
export function distribution(): { readonly ids: readonly string[]; readonly name: string; readonly version: string } {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    const value = (key: string): string => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
    return {
      ids: [value("ID"), ...value("ID_LIKE").split(" ")].filter((id) => id !== ""),
      name: value("PRETTY_NAME"),
      version: value("VERSION_ID"),
    };
  } catch {
    return { ids: [], name: process.platform, version: "" };
  }
}

/** PostgreSQL's package: its number is part of the name and differs by release. */
function postgresPackage(): string {
  const { ids, version } = distribution();
  if (ids[0] === "debian" && version === "12") return "postgresql-15";
  if (ids[0] === "ubuntu" && version === "22.04") return "postgresql-14";
  if (ids[0] === "ubuntu" && version === "24.04") return "postgresql-16";
  return "postgresql";
}

export function missingPackages(): string[] {
  const missing = PACKAGES.filter((one) => !existsSync(one.file)).map((one) => one.name);
  return postgresBin() === undefined ? [postgresPackage(), ...missing] : missing;
}

const NO_NETWORK =
  /Could not resolve|Temporary failure|Cannot initiate the connection|Connection timed out|Unable to connect/;

async function aptGet(args: readonly string[]): Promise<void> {
  const child = spawn("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
  });
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-20_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const code = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status, signal) => resolve(status ?? signal ?? "ended"));
  });
  if (code === 0) return;
  const problems = output.split("\n").filter((line) => /^(E|Err|W):/.test(line));
  const told = (problems.length > 0 ? problems : output.trimEnd().split("\n").slice(-8)).slice(0, 8).join("\n  ");
  const remedy = NO_NETWORK.test(output)
    ? "The package mirror was not reached: check the network or the proxy in /etc/apt, then run npm run setup again."
    : /Unable to locate package|has no installation candidate/.test(output)
      ? `The list was made for Debian 12 and this is ${distribution().name}: install the named programs another way, then run npm run setup again; what is there already is not asked for.`
      : "Run npm run setup again after that is solved.";
  throw new Error(`apt-get ${args[0]} failed (${code}):\n  ${told}\n${remedy}`);
}

const POLICY = "/usr/sbin/policy-rc.d";

/** Installs what is missing. Services stay off: the lab starts its own, the machine's would take their ports. */
export async function installPackages(report: Report): Promise<void> {
  const missing = missingPackages();
  if (missing.length === 0) {
    report(`packages: all ${PACKAGES.length + 1} there`);
    return;
  }
  report(`packages: installing ${missing.join(" ")}`);
  const ownPolicy = !existsSync(POLICY);
  if (ownPolicy) writeFileSync(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await aptGet(["update"]);
    await aptGet(["install", "-y", "--no-install-recommends", ...missing]);
  } finally {
    if (ownPolicy) rmSync(POLICY, { force: true });
  }
  const still = missingPackages();
  if (still.length > 0)
    throw new Error(`installed, but their programs are not where they are looked for: ${still.join(" ")}`);
  report("packages: installed, no service started");
}

/** Installs one more package, which only some tests need. Not at the same time as the others: apt has one lock. */
export async function installPackage(name: string, report: Report): Promise<void> {
  report(`packages: installing ${name}`);
  await aptGet(["update"]);
  await aptGet(["install", "-y", "--no-install-recommends", name]);
}
