/**
 * What a site without internet must have at hand, from what this checkout pins: the packages of the lock
 * file, the plugins that belong to them, and Harbor's images of the configured version.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A package of the npm registry. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** Only for tests and the lab. */
  readonly dev: boolean;
}

/** A Pulumi plugin, named as its archive is. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
  /** When it is needed, where that is not always. */
  readonly when?: string;
}

export interface MirrorList {
  readonly packages: readonly Package[];
  /** The CLI, with the Node.js language host beside it. */
  readonly cli: string;
  readonly plugins: readonly Plugin[];
  readonly images: readonly string[];
}

/** Pulumi packages that come with a plugin of the same version. */
const PLUGINS: readonly { readonly name: string; readonly when?: string }[] = [
  { name: "kubernetes" },
  { name: "random" },
  { name: "tls" },
  { name: "command" },
  { name: "aws", when: "routing.type route53" },
];

/** Images of Harbor's seven parts; the registry's pod runs two. */
const HARBOR_IMAGES = [
  "goharbor/nginx-photon",
  "goharbor/harbor-portal",
  "goharbor/harbor-core",
  "goharbor/harbor-jobservice",
  "goharbor/registry-photon",
  "goharbor/harbor-registryctl",
  "goharbor/trivy-adapter-photon",
  "goharbor/harbor-exporter",
] as const;

/** An entry of the lock file; `os`, `cpu` and `libc` say on which machines npm installs it. */
interface Locked {
  readonly version?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

interface LockFile {
  readonly packages: Readonly<Record<string, Locked>>;
}

/** A machine, as Node names it. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
}

/** Reads the list of the checkout in `folder`, for one kind of machine. */
export function mirrorList(folder: string, machine: Machine = process): MirrorList {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as LockFile;
  const entries = Object.entries(lock.packages).filter(([path, entry]) => path !== "" && isFor(machine, entry));
  const packages = entries.flatMap(([path, { version, dev }]): Package[] => {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    return version === undefined ? [] : [{ name, version, dev: dev === true }];
  });
  const versionOf = (name: string) => lock.packages[`node_modules/${name}`]?.version;
  const cli = versionOf("@pulumi/pulumi");
  if (cli === undefined) throw new Error(`package-lock.json in ${folder} names no @pulumi/pulumi`);
  return {
    packages: unique(packages),
    cli,
    plugins: PLUGINS.flatMap((plugin) => {
      const version = versionOf(`@pulumi/${plugin.name}`);
      return version === undefined ? [] : [{ ...plugin, version }];
    }),
    images: HARBOR_IMAGES.map((image) => `${image}:v${harborVersion(folder)}`),
  };
}

function isFor({ platform, arch }: Machine, { link, os, cpu, libc }: Locked): boolean {
  const fits = (allowed: readonly string[] | undefined, own: string) => allowed === undefined || allowed.includes(own);
  return link !== true && fits(os, platform) && fits(cpu, arch) && fits(libc, "glibc");
}

/** Two copies of one version are one archive. */
function unique(packages: readonly Package[]): Package[] {
  const byId = new Map<string, Package>();
  for (const each of packages) {
    const id = `${each.name}@${each.version}`;
    byId.set(id, { ...each, dev: each.dev && byId.get(id)?.dev !== false });
  }
  return [...byId.values()].sort((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1));
}

function harborVersion(folder: string): string {
  const project = parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")) as {
    config?: Record<string, { value?: { version?: string } }>;
  };
  const version = project.config?.["harbor-dr:harbor"]?.value?.version;
  if (version === undefined) throw new Error(`Pulumi.yaml in ${folder} sets no harbor.version`);
  return version;
}

/** The archive of a plugin for a machine, as `pulumi plugin install --server` asks for it. */
export function archiveOf({ name, version }: Plugin, machine: string): string {
  return `pulumi-resource-${name}-v${version}-${machine}.tar.gz`;
}

/** The folder in which the CLI keeps an installed plugin. */
export function folderOf({ name, version }: Plugin): string {
  return `resource-${name}-v${version}`;
}

/** The archive of a package below a registry's address. */
export function tarballOf({ name, version }: Package): string {
  return `${name}/-/${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}
