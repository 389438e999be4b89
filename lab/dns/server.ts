/**
 * The DNS server of the lab's outside place (dnsmasq), which every place's resolv.conf names.
 *
 * It knows the zone's names and answers NXDOMAIN to everything else: nothing of a lab asks the world outside.
 */

import { Resolver } from "node:dns/promises";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabLayout } from "../layout.ts";
import type { Supervisor } from "../supervisor.ts";
import { messageOf, waitFor } from "../wait.ts";
import { hostsDir } from "./zone.ts";

const NAME = "dnsmasq";
/** Seconds that clients may keep an answer; short, so that a switch is seen at once. */
const TTL_SECONDS = 1;

export async function startDns(layout: LabLayout, processes: Supervisor): Promise<void> {
  const { outside, dnsAddress } = layout;
  const hosts = hostsDir(outside);
  mkdirSync(hosts, { recursive: true });
  const zone = join(hosts, "zone");
  if (!existsSync(zone)) writeFileSync(zone, "");
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
