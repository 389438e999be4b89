/**
 * The zone that the lab's clients resolve names in: what a DNS provider is to external-dns.
 *
 * Records, with the owner that external-dns keeps in a TXT record beside each, are in `zone.json`; dnsmasq serves the
 * addresses from a hosts file that is replaced at once whenever the zone changes, so no moment exists at which a name
 * has no answer or two. Both sites write, hence a lock that a killed writer cannot keep.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dataDir, type LabOutside } from "../layout.ts";

const LOCK_MS = 3000;

export interface ZoneRecord {
  readonly dnsName: string;
  readonly recordType: string;
  readonly recordTTL: number;
  readonly targets: readonly string[];
  /** external-dns's owner id. */
  readonly owner: string;
  /** `crd/<namespace>/<name>` of the object that asked for it. */
  readonly resource: string;
}

const zoneFile = (outside: LabOutside): string => join(dataDir(outside, "dns"), "zone.json");
/** What dnsmasq watches; nothing but the hosts file may be in it. */
export const hostsDir = (outside: LabOutside): string => join(dataDir(outside, "dns"), "hosts");

export function readZone(outside: LabOutside): readonly ZoneRecord[] {
  try {
    return JSON.parse(readFileSync(zoneFile(outside), "utf8")) as ZoneRecord[];
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw thrown;
  }
}

function replaceFile(file: string, text: string, scratch: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(scratch, text);
  renameSync(scratch, file);
}

function write(outside: LabOutside, records: readonly ZoneRecord[]): void {
  const dir = dataDir(outside, "dns");
  replaceFile(zoneFile(outside), `${JSON.stringify(records, null, 1)}\n`, join(dir, "zone.new"));
  const lines = records.flatMap((record) => record.targets.map((target) => `${target} ${record.dnsName}\n`));
  replaceFile(join(hostsDir(outside), "zone"), lines.join(""), join(dir, "hosts.new"));
}

function holderLives(lock: string): boolean {
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Reads the zone, lets `change` decide, and writes its answer; undefined leaves the zone as it is. */
export async function changeZone(
  outside: LabOutside,
  change: (records: readonly ZoneRecord[]) => readonly ZoneRecord[] | undefined,
): Promise<void> {
  const lock = join(dataDir(outside, "dns"), "zone.lock");
  mkdirSync(dirname(lock), { recursive: true });
  const deadline = Date.now() + LOCK_MS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
      if (!holderLives(lock)) rmSync(lock, { force: true });
      else if (Date.now() > deadline) throw new Error(`${lock} has been held for ${LOCK_MS} ms`);
      await sleep(10);
    }
  }
  try {
    const changed = change(readZone(outside));
    if (changed !== undefined) write(outside, changed);
  } finally {
    rmSync(lock, { force: true });
  }
}
