/**
 * One lab's network: a bridge, and a namespace behind it for each site and for the outside place.
 *
 * Cutting the sites off from each other isolates their two bridge ports: they still reach the outside and this
 * machine, as real sites do when the line between them fails. A route that leads nowhere covers the subnet, so that
 * nothing meant for a lab that is gone ever leaves the machine.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SITES, type Site } from "../sites.ts";
import type { LabLayout } from "./layout.ts";
import { run } from "./run.ts";

/** Above every metric that a real route to the subnet would have. */
const LAST_RESORT_METRIC = "4000000000";

/** Cluster addresses of Services, the same in both sites as in many real pairs. */
export const SERVICE_RANGE = "10.96.0.0/16";

interface Place {
  readonly netns: string;
  readonly address: string;
}

const places = (lab: LabLayout): Place[] => [...SITES.map((site) => lab.sites[site]), lab.outside];

const ip = async (...args: string[]): Promise<string> => await run(["ip", ...args]);

export const namespaceExists = (netns: string): boolean => existsSync(`/run/netns/${netns}`);

export const networkExists = (lab: LabLayout): boolean =>
  existsSync(`/sys/class/net/${lab.bridge}`) && places(lab).every((place) => namespaceExists(place.netns));

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Whether two IPv4 ranges in CIDR notation (a bare address counts as /32) share an address. */
export function overlaps(one: string, other: string): boolean {
  const range = (cidr: string): { first: number; last: number } => {
    const [address = "", bits = "32"] = cidr.split("/");
    const size = 2 ** (32 - Number(bits));
    const first = Math.floor(toNumber(address) / size) * size;
    return { first, last: first + size - 1 };
  };
  const [a, b] = [range(one), range(other)];
  return a.first <= b.last && b.first <= a.last;
}

interface RouteEntry {
  readonly dst: string;
  readonly dev?: string;
  readonly type?: string;
}

async function refuseTakenSubnet(lab: LabLayout): Promise<void> {
  const routes = JSON.parse(await ip("-j", "-4", "route", "show", "table", "all")) as RouteEntry[];
  const foreign = routes.find(
    (route) =>
      route.dst !== "default" &&
      route.dev !== lab.bridge &&
      route.type !== "unreachable" &&
      route.type !== "broadcast" &&
      route.type !== "multicast" &&
      overlaps(route.dst, lab.subnet),
  );
  if (foreign === undefined) return;
  throw new Error(
    `The lab "${lab.prefix}" wants the subnet ${lab.subnet}, which this machine already uses: ${foreign.dst} on ${foreign.dev ?? "?"}. Choose another prefix, and with it another subnet: export HARBOR_DR_LAB=<1 to 4 letters>`,
  );
}

async function removePlace(netns: string): Promise<void> {
  if (existsSync(`/sys/class/net/${netns}`)) await ip("link", "delete", netns);
  if (namespaceExists(netns)) await ip("netns", "delete", netns);
}

async function createPlace(lab: LabLayout, place: Place): Promise<void> {
  const { netns, address } = place;
  // Clients and servers of every place ask the outside place's DNS server; `ip netns exec` mounts this file.
  mkdirSync(`/etc/netns/${netns}`, { recursive: true });
  writeFileSync(`/etc/netns/${netns}/resolv.conf`, `nameserver ${lab.dnsAddress}\noptions timeout:1 attempts:2\n`);
  // Joining the bridge is the last act, so a place that an interrupted run left half-made is made anew.
  if (existsSync(`/sys/class/net/${netns}/master`) && namespaceExists(netns)) return;
  await removePlace(netns);
  await ip("netns", "add", netns);
  await ip("link", "add", netns, "type", "veth", "peer", "name", "eth0", "netns", netns);
  await ip("-n", netns, "link", "set", "lo", "up");
  await ip("-n", netns, "address", "add", `${address}/24`, "dev", "eth0");
  await ip("-n", netns, "link", "set", "eth0", "up");
  // Every address of Services is this place's own, so that the stand-in for kube-proxy can listen on it.
  await ip("-n", netns, "route", "add", "local", SERVICE_RANGE, "dev", "lo");
  await ip("link", "set", netns, "master", lab.bridge, "up");
}

/** Creates what is missing; a network that is there is left alone, cut or not. */
export async function createNetwork(lab: LabLayout): Promise<void> {
  await refuseTakenSubnet(lab);
  if (!existsSync(`/sys/class/net/${lab.bridge}`)) {
    await ip("link", "add", lab.bridge, "type", "bridge", "forward_delay", "0", "stp_state", "0");
    await ip("address", "add", `${lab.hostAddress}/24`, "dev", lab.bridge);
  }
  await ip("link", "set", lab.bridge, "up");
  await ip("route", "replace", "unreachable", lab.subnet, "metric", LAST_RESORT_METRIC);
  for (const place of places(lab)) await createPlace(lab, place);
}

/** Process numbers inside a namespace. */
export async function processesIn(netns: string): Promise<number[]> {
  if (!namespaceExists(netns)) return [];
  const listed = await ip("netns", "pids", netns);
  return listed
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** SIGKILL to everything inside a namespace, again until nothing is left: servers may be starting others meanwhile. */
export async function killAllIn(netns: string): Promise<number> {
  let killed = 0;
  for (let round = 0; round < 100; round += 1) {
    const pids = await processesIn(netns);
    if (pids.length === 0) return killed;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
        if (round === 0) killed += 1;
      } catch {
        // Gone between listing and killing, which is what was wanted.
      }
    }
    await sleep(20);
  }
  throw new Error(`processes in ${netns} survive SIGKILL: ${(await processesIn(netns)).join(" ")}`);
}

/** Removes all of it; what is not there is no error. Processes must be gone before. */
export async function removeNetwork(lab: LabLayout): Promise<void> {
  for (const { netns } of places(lab)) {
    await removePlace(netns);
    rmSync(`/etc/netns/${netns}`, { recursive: true, force: true });
  }
  if (existsSync(`/sys/class/net/${lab.bridge}`)) await ip("link", "delete", lab.bridge);
  const routes = JSON.parse(await ip("-j", "-4", "route", "show", "type", "unreachable")) as RouteEntry[];
  if (routes.some((route) => route.dst === lab.subnet)) {
    await ip("route", "delete", "unreachable", lab.subnet, "metric", LAST_RESORT_METRIC);
  }
}

/** Makes a site dark (its link down) or reachable again. */
export async function setLink(lab: LabLayout, site: Site, state: "up" | "down"): Promise<void> {
  await ip("link", "set", lab.sites[site].netns, state);
}

interface LinkEntry {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly isolated?: boolean;
}

async function portsOf(lab: LabLayout): Promise<LinkEntry[]> {
  const links = JSON.parse(await run(["bridge", "-d", "-j", "link", "show"])) as LinkEntry[];
  return links.filter((link) => SITES.some((site) => lab.sites[site].netns === link.ifname));
}

export async function linkIsUp(lab: LabLayout, site: Site): Promise<boolean> {
  return (await portsOf(lab)).some((port) => port.ifname === lab.sites[site].netns && port.flags.includes("UP"));
}

/** Whether the sites cannot reach each other. */
export async function isCut(lab: LabLayout): Promise<boolean> {
  const ports = await portsOf(lab);
  return ports.length > 0 && ports.every((port) => port.isolated === true);
}

export async function setCut(lab: LabLayout, cut: boolean): Promise<void> {
  for (const site of SITES) {
    await run(["bridge", "link", "set", "dev", lab.sites[site].netns, "isolated", cut ? "on" : "off"]);
  }
}
