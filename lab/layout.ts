/**
 * Where everything of one lab is: names, addresses and folders, all derived from a short prefix.
 *
 * Two checkouts (or two runs with different HARBOR_DR_LAB) get different prefixes, hence different network
 * namespaces, bridge, subnet and state folder, and so live beside each other on one machine. This module only
 * computes; it creates nothing.
 */
import { createHash } from "node:crypto";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { peerOf, type Site } from "../sites.ts";

export interface LabSite {
  readonly site: Site;
  readonly prefix: string;
  /** Network namespace that holds every process of the site. */
  readonly netns: string;
  /** The site's address, reachable from the root namespace, the outside place and, unless cut, the other site. */
  readonly address: string;
  readonly peerAddress: string;
  /** `data/`, `logs/` and `run/` are below. */
  readonly dir: string;
}

export interface LabOutside {
  readonly netns: string;
  readonly address: string;
  readonly dir: string;
}

export interface LabLayout {
  readonly prefix: string;
  readonly dir: string;
  /** Contexts `primary` and `secondary` (what a runner may do), `primary-admin` and `secondary-admin` (everything). */
  readonly kubeconfig: string;
  /** The DNS server that clients use, in the outside place. */
  readonly dnsAddress: string;
  readonly bridge: string;
  /** In CIDR notation. */
  readonly subnet: string;
  /** The root namespace's own address on the bridge. */
  readonly hostAddress: string;
  readonly sites: Readonly<Record<Site, LabSite>>;
  readonly outside: LabOutside;
}

/** The repository's root, from which operators and steps are started. */
export const checkout = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/** `HARBOR_DR_LAB`, or four letters made from the checkout's path. */
export function labPrefix(): string {
  const given = process.env.HARBOR_DR_LAB;
  if (given !== undefined && given !== "") {
    if (!/^[a-z][a-z0-9]{0,3}$/.test(given)) {
      throw new Error(
        `HARBOR_DR_LAB is "${given}"; it names network devices, so it must be 1 to 4 lower-case letters or digits and start with a letter. Try: export HARBOR_DR_LAB=lab`,
      );
    }
    return given;
  }
  return [...hashOf(checkout).subarray(0, 4)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");
}

/** Built tools live outside the checkout, so that a fresh clone does not compile them again. */
export function cacheDir(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && base !== "" ? base : join(homedir(), ".cache"), "harbor-dr");
}

export function labLayout(prefix: string = labPrefix()): LabLayout {
  const hash = hashOf(`subnet of ${prefix}`);
  const network = `10.${200 + ((hash[0] ?? 0) % 50)}.${hash[1] ?? 0}`;
  const dir = join(tmpdir(), `harbor-dr-${prefix}`);
  const addresses: Readonly<Record<Site, string>> = { primary: `${network}.11`, secondary: `${network}.12` };
  const site = (name: Site): LabSite => ({
    site: name,
    prefix,
    netns: `${prefix}-${name}`,
    address: addresses[name],
    peerAddress: addresses[peerOf(name)],
    dir: join(dir, name),
  });
  const outside = { netns: `${prefix}-outside`, address: `${network}.20`, dir: join(dir, "outside") };
  return {
    prefix,
    dir,
    kubeconfig: join(dir, "kubeconfig"),
    dnsAddress: outside.address,
    bridge: `${prefix}-br`,
    subnet: `${network}.0/24`,
    hostAddress: `${network}.254`,
    sites: { primary: site("primary"), secondary: site("secondary") },
    outside,
  };
}

/** Folders of a place, by what they hold. */
export const dataDir = (place: { dir: string }, ...parts: string[]): string => join(place.dir, "data", ...parts);
export const logFile = (place: { dir: string }, name: string): string => join(place.dir, "logs", `${name}.log`);
export const runDir = (place: { dir: string }): string => join(place.dir, "run");
