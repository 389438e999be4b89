/**
 * What can be done with a lab: up, kill, start, cut, heal, down. The command line, the demo and the tests all come
 * through here.
 */
import { existsSync, rmSync } from "node:fs";
import { SITES, type Site } from "../sites.ts";
import { startDns, waitForDns } from "./dns/server.ts";
import { makeCredentials, writeKubeconfig } from "./kube/credentials.ts";
import type { LabLayout } from "./layout.ts";
import { withLock } from "./lock.ts";
import { createNetwork, killAllIn, networkExists, removeNetwork, setCut, setLink } from "./network.ts";
import { notSetUp } from "./setup/host.ts";
import type { Report } from "./setup/report.ts";
import { makeFolders, startSite } from "./site.ts";
import { Supervisor } from "./supervisor.ts";

function requireUp(lab: LabLayout): void {
  if (existsSync(lab.dir) && networkExists(lab)) return;
  throw new Error(`The lab "${lab.prefix}" is not up. Type: npm run lab -- up`);
}

function requireSetUp(): void {
  const missing = notSetUp();
  if (missing.length === 0) return;
  throw new Error(`Not set up yet; missing: ${missing.join(", ")}. Type: npm run setup`);
}

/** Where clients are: a DNS server, and room to run skopeo in. */
async function startOutside(lab: LabLayout, report: Report): Promise<void> {
  await startDns(lab, new Supervisor(lab.outside));
  await waitForDns(lab);
  report(`outside: DNS server ready on ${lab.dnsAddress}`);
}

/** Both sites and the outside place, from nothing or from wherever an earlier run stopped. A cut stays a cut. */
export async function up(lab: LabLayout, report: Report): Promise<void> {
  requireSetUp();
  await withLock(lab, "up", async () => {
    for (const place of [{ dir: lab.dir }, ...SITES.map((site) => lab.sites[site]), lab.outside]) makeFolders(place);
    await createNetwork(lab);
    report(`network ${lab.subnet} on bridge ${lab.bridge}`);
    for (const site of SITES) await makeCredentials(lab.sites[site]);
    writeKubeconfig(lab);
    await Promise.all([
      ...SITES.map(async (site) => await startSite(lab, lab.sites[site], report)),
      startOutside(lab, report),
    ]);
    report(`up; kubeconfig ${lab.kubeconfig}`);
  });
}

/** The site goes dark at once: its line and every process of it, without any of them being told. Its data stays. */
export async function kill(lab: LabLayout, site: Site, report: Report): Promise<void> {
  requireUp(lab);
  await withLock(lab, `kill ${site}`, async () => {
    await setLink(lab, site, "down");
    const killed = await killAllIn(lab.sites[site].netns);
    report(`${site}: dark (${killed} processes killed)`);
  });
}

/** A dark site's machine is switched on again, with its old data. */
export async function start(lab: LabLayout, site: Site, report: Report): Promise<void> {
  requireUp(lab);
  requireSetUp();
  await withLock(lab, `start ${site}`, async () => await startSite(lab, lab.sites[site], report));
}

export async function cut(lab: LabLayout, report: Report): Promise<void> {
  requireUp(lab);
  await setCut(lab, true);
  report("cut: the sites cannot reach each other; this machine and the outside reach both");
}

export async function heal(lab: LabLayout, report: Report): Promise<void> {
  requireUp(lab);
  await setCut(lab, false);
  report("healed: the sites reach each other");
}

/** Nothing of the lab is left: processes, network, data. A lab that is not there is no error. */
export async function down(lab: LabLayout, report: Report): Promise<void> {
  let killed = 0;
  for (const place of [...SITES.map((site) => lab.sites[site]), lab.outside]) killed += await killAllIn(place.netns);
  await removeNetwork(lab);
  const was = existsSync(lab.dir);
  rmSync(lab.dir, { recursive: true, force: true });
  report(was || killed > 0 ? `down: ${killed} processes ended, network and data removed` : "nothing to take down");
}
