/**
 * The DNS server of the lab's outside place (dnsmasq), and how programs that run there find it.
 *
 * It knows the zone's names and answers NXDOMAIN to everything else: nothing of a lab asks the world outside.
 */

import { Resolver } from "node:dns/promises";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LabLayout, LabOutside } from "../layout.ts";
import type { Supervisor } from "../supervisor.ts";
import { messageOf, waitFor } from "../wait.ts";
import { hostsDir } from "./zone.ts";

const NAME = "dnsmasq";
/** Seconds that clients may keep an answer; short, so that a switch is seen at once. */
const TTL_SECONDS = 1;

/** `ip netns exec` mounts what is in this folder over /etc. */
const netnsEtc = (outside: LabOutside): string => join("/etc/netns", outside.netns);

export async function startDns(layout: LabLayout, processes: Supervisor): Promise<void> {
  const { outside, dnsAddress } = layout;
  const hosts = hostsDir(outside);
  mkdirSync(hosts, { recursive: true });
  const zone = join(hosts, "zone");
  if (!existsSync(zone)) writeFileSync(zone, "");
  mkdirSync(netnsEtc(outside), { recursive: true });
  writeFileSync(join(netnsEtc(outside), "resolv.conf"), `nameserver ${dnsAddress}\noptions timeout:1 attempts:2\n`);
  await processes.start(NAME, [
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--pid-file=",
    "--user=root",
    "--no-resolv",
    "--no-hosts",
    "--bind-interfaces",
    `--listen-address=${dnsAddress}`,
    `--hostsdir=${hosts}`,
    `--local-ttl=${TTL_SECONDS}`,
    "--address=/#/",
    "--log-facility=-",
  ]);
}

/** Leaves nothing of the outside place in /etc. */
export function forgetResolver(outside: LabOutside): void {
  rmSync(netnsEtc(outside), { recursive: true, force: true });
  try {
    rmSync(dirname(netnsEtc(outside)), { recursive: false });
  } catch {
    // Other labs have theirs in it.
  }
}

/** Whether the caller's network reaches the server: any answer, also "no such name", is one. */
export async function reaches(dnsAddress: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: 700, tries: 1 });
  resolver.setServers([dnsAddress]);
  try {
    await resolver.resolve4("reachable.invalid");
    return true;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    return code === "ENOTFOUND" || code === "ENODATA";
  }
}

export async function waitForDns(layout: LabLayout): Promise<void> {
  const ask = async (seen: (line: string) => void): Promise<true | undefined> => {
    try {
      if (await reaches(layout.dnsAddress)) return true;
    } catch (thrown) {
      seen(messageOf(thrown));
    }
    return undefined;
  };
  await waitFor(`the DNS server on ${layout.dnsAddress}`, ask, { seconds: 10, everyMs: 100 });
}
