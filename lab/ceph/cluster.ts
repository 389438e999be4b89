/**
 * A site's Ceph cluster: made once, started as often as needed, with its data kept in files across SIGKILL.
 *
 * Pools, realms and gateways are not made here: that is the work of the operator, as custom resources ask for it.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabSite } from "../layout.ts";
import type { Supervisor } from "../supervisor.ts";
import { waitFor } from "../wait.ts";
import { ceph, cephCommands } from "./commands.ts";
import { type CephPlace, cephConf, cephPlace, GATEWAY_CLIENT, MON_ADDRESS } from "./settings.ts";

/** Names of its processes. */
export const CEPH_PROCESSES = ["ceph-mon", "ceph-mgr", "ceph-osd"] as const;

/** Identities and what they may do; `mon.` signs all others. */
const IDENTITIES: readonly (readonly [string, ...string[]])[] = [
  ["mon.", "--cap", "mon", "allow *"],
  ["client.admin", "--cap", "mon", "allow *", "--cap", "mgr", "allow *", "--cap", "osd", "allow *"],
  ["mgr.x", "--cap", "mon", "allow profile mgr", "--cap", "osd", "allow *", "--cap", "mds", "allow *"],
  ["osd.0", "--cap", "mon", "allow profile osd", "--cap", "mgr", "allow profile osd", "--cap", "osd", "allow *"],
  [GATEWAY_CLIENT, "--cap", "mon", "allow rw", "--cap", "mgr", "allow rw", "--cap", "osd", "allow rwx"],
];

const done = (place: CephPlace, step: string): boolean => existsSync(join(place.dir, step));
const mark = (place: CephPlace, step: string, text: string): void => writeFileSync(join(place.dir, step), text);

/** Keys, configuration and the monitor's store. A run that was killed half-way is begun again. */
async function makeMonitor(site: LabSite, place: CephPlace): Promise<void> {
  if (done(place, "mon.made")) return;
  rmSync(place.dir, { recursive: true, force: true });
  for (const dir of [place.dir, place.mon, place.mgr, place.run]) mkdirSync(dir, { recursive: true, mode: 0o755 });
  const fsid = randomUUID();
  writeFileSync(place.conf, cephConf(place, fsid));
  writeFileSync(place.keyring, "", { mode: 0o600 });
  for (const [name, ...caps] of IDENTITIES) {
    await ceph(site, ["ceph-authtool", place.keyring, "--gen-key", "-n", name, ...caps]);
  }
  const address = `[v2:${MON_ADDRESS}:3300,v1:${MON_ADDRESS}:6789]`;
  await ceph(site, ["monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, place.monmap]);
  const mkfs = ["ceph-mon", "--mkfs", "-i", "a", "--monmap", place.monmap, "--keyring", place.keyring];
  await ceph(site, mkfs);
  mark(place, "mon.made", fsid);
}

/** The OSD's store on a sparse file; takes about two seconds, so it runs beside the monitor's start. */
async function makeOsd(site: LabSite, place: CephPlace): Promise<void> {
  if (done(place, "osd.made")) return;
  rmSync(place.osd, { recursive: true, force: true });
  mkdirSync(place.osd, { recursive: true });
  const id = randomUUID();
  await ceph(site, ["ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", id, "--no-mon-config"], { seconds: 60 });
  mark(place, "osd.made", id);
}

async function waitForMonitor(site: LabSite): Promise<void> {
  await waitFor(
    `the monitor of site ${site.site}`,
    async () => await ceph(site, ["ceph", "--connect-timeout", "5", "mon", "stat"], { seconds: 10 }),
    { seconds: 30, everyMs: 100 },
  );
}

/**
 * Tells the monitor which OSD to expect, or that the one it remembers is dead: else, after SIGKILL, nothing can be
 * read until the dead OSD's read lease has run out.
 */
async function announceOsd(site: LabSite, place: CephPlace): Promise<void> {
  if (done(place, "osd.known")) {
    await ceph(site, ["ceph", "osd", "down", "0", "--definitely-dead"]);
    return;
  }
  await cephCommands(site, [
    `osd new ${readFileSync(join(place.dir, "osd.made"), "utf8")} 0`,
    // Modules are left out on purpose; a cluster that is always in error hides a real one.
    "health mute MGR_MODULE_ERROR --sticky",
  ]);
  mark(place, "osd.known", "");
}

/** Starts what does not run. Everything listens on the site's loopback; gateways come with the operator. */
export async function startCeph(site: LabSite, processes: Supervisor): Promise<void> {
  const place = cephPlace(site);
  await makeMonitor(site, place);
  const osdMade = makeOsd(site, place);
  const env = { CEPH_CONF: place.conf };
  await processes.start("ceph-mon", ["ceph-mon", "-f", "-i", "a"], { env });
  await processes.start("ceph-mgr", ["ceph-mgr", "-f", "-i", "x"], { env });
  await osdMade;
  if (!processes.running("ceph-osd")) {
    await waitForMonitor(site);
    await announceOsd(site, place);
    await processes.start("ceph-osd", ["ceph-osd", "-f", "-i", "0"], { env });
  }
  await waitFor(
    `the OSD of site ${site.site}`,
    async (seen) => {
      const stat = await ceph(site, ["ceph", "osd", "stat"], { seconds: 10 });
      seen(`${stat.trim()}; end of its log: ${processes.logOf("ceph-osd")}`);
      return /\b1 up\b/.test(stat) || undefined;
    },
    { seconds: 60, everyMs: 150 },
  );
}
