/** Looks whether what must be mirrored is there: in the mirrors that are named, or else on this machine. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { request } from "undici";
import { archiveOf, folderOf, type MirrorList, tarballOf } from "./list.ts";

/** Where to look. What is not named is looked for on this machine. */
export interface Mirrors {
  /** Address of the npm mirror. */
  readonly npm?: string | undefined;
  /** Address under which the plugins' archives are. */
  readonly plugins?: string | undefined;
  /** Address of the image registry, a path before the repositories included. */
  readonly images?: string | undefined;
  /** Packages for tests and the lab too. */
  readonly dev: boolean;
}

/** What was looked for in one place, and what was not there. */
export interface Finding {
  readonly what: string;
  readonly where: string;
  readonly looked: number;
  readonly missing: readonly string[];
}

const AT_ONCE = 8;
const LIMIT_MS = 10_000;
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/** Looks for everything. Images are only looked for in a registry: a machine has none. */
export async function check(folder: string, list: MirrorList, mirrors: Mirrors): Promise<Finding[]> {
  const packages = list.packages.filter(({ dev }) => mirrors.dev || !dev);
  const names = packages.map(({ name, version }) => `${name}@${version}`);
  const plugins = list.plugins.map((plugin) => archiveOf(plugin, machine()));
  const { npm, plugins: server, images } = mirrors;
  return [
    npm === undefined
      ? { what: "packages", where: "node_modules", looked: names.length, missing: notInstalled(folder, names) }
      : await ask("packages", npm, names, (index) =>
          tarballOf(packages[index] ?? { name: "", version: "", dev: false }),
        ),
    ...(server === undefined
      ? onThisMachine(list)
      : [await ask("plugins", server, plugins, (index) => plugins[index] ?? "")]),
    ...(images === undefined
      ? []
      : [await ask("images", images, list.images, (index) => manifestOf(list.images[index]))]),
  ];
}

function machine(): string {
  const os = process.platform === "win32" ? "windows" : process.platform;
  return `${os}-${process.arch === "x64" ? "amd64" : process.arch}`;
}

/** Packages of which node_modules has no copy in that version, at any depth. */
function notInstalled(folder: string, names: readonly string[]): string[] {
  const hidden = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return [...names];
  const { packages } = JSON.parse(readFileSync(hidden, "utf8")) as { packages: Record<string, { version?: string }> };
  const found = new Set(
    Object.entries(packages).map(
      ([path, { version }]) => `${path.slice(path.lastIndexOf("node_modules/") + 13)}@${version}`,
    ),
  );
  return names.filter((name) => !found.has(name));
}

function onThisMachine({ plugins, cli }: MirrorList): Finding[] {
  const home = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins");
  const programs = ["pulumi", "pulumi-language-nodejs"];
  return [
    {
      what: "plugins",
      where: home,
      looked: plugins.length,
      missing: plugins.map(folderOf).filter((name) => !existsSync(join(home, name))),
    },
    {
      what: `Pulumi CLI ${cli}`,
      where: "PATH",
      looked: programs.length,
      missing: programs.filter((program) => !onPath(program)),
    },
  ];
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Asks a mirror for each name; what is not answered with 2xx is missing, with what was answered. */
async function ask(
  what: string,
  address: string,
  names: readonly string[],
  pathOf: (index: number) => string,
): Promise<Finding> {
  const base = address.replace(/\/$/, "");
  const missing: string[] = [];
  const left = names.map((name, index) => ({ name, url: `${base}/${pathOf(index)}` }));
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const said = await head(next.url);
      if (said !== undefined) missing.push(`${next.name} (${said})`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { what, where: address, looked: names.length, missing: missing.sort() };
}

/** Undefined when it is there; else what the server said. */
async function head(url: string): Promise<string | undefined> {
  try {
    const limits = { headersTimeout: LIMIT_MS, bodyTimeout: LIMIT_MS };
    const { statusCode, body } = await request(url, { method: "HEAD", headers: { accept: MANIFESTS }, ...limits });
    await body.dump();
    return statusCode >= 200 && statusCode < 300 ? undefined : String(statusCode);
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error);
  }
}

/** Path of an image's manifest; a registry's own prefix comes before the repository, after /v2. */
function manifestOf(image = ""): string {
  const [repository = "", tag = ""] = image.split(":");
  return `v2/${repository}/manifests/${tag}`;
}
