/**
 * external-dns's decision, as a pure function: which records to create, update and delete for what is wanted and
 * what the zone has.
 *
 * The rules are external-dns's own (plan, policy, TXT registry) for A records without set identifiers: the policy is
 * applied before ownership; an update never changes the owner; a record of another owner, or of none, is left alone.
 */
import type { ZoneRecord } from "../dns/zone.ts";

export type DnsPolicy = "sync" | "upsert-only" | "create-only";

export interface ExternalDnsFlags {
  /** --txt-owner-id */
  readonly ownerId: string;
  /** --policy; external-dns's own default is `sync`. */
  readonly policy: DnsPolicy;
}

export type WantedRecord = Omit<ZoneRecord, "owner">;

export interface ZoneChanges {
  readonly create: readonly ZoneRecord[];
  readonly update: readonly ZoneRecord[];
  readonly remove: readonly ZoneRecord[];
  /** Wanted changes to records that belong to another owner; external-dns leaves these alone and says so. */
  readonly notOurs: readonly ZoneRecord[];
}

const keyOf = (record: WantedRecord): string =>
  `${record.dnsName.toLowerCase().replace(/\.$/, "")}/${record.recordType}`;

const sameTargets = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && [...one].sort().join() === [...other].sort().join();

/** Several objects may want one name: the one that has it keeps it, else the smallest target gets it. */
function choose(candidates: readonly WantedRecord[], current: ZoneRecord | undefined): WantedRecord | undefined {
  const holder = candidates.find((candidate) => candidate.resource === current?.resource);
  return holder ?? [...candidates].sort((one, other) => (one.targets.join() < other.targets.join() ? -1 : 1))[0];
}

export function planChanges(
  current: readonly ZoneRecord[],
  wanted: readonly WantedRecord[],
  flags: ExternalDnsFlags,
): ZoneChanges {
  const zone = new Map(current.map((record) => [keyOf(record), record]));
  const candidates = new Map<string, WantedRecord[]>();
  for (const record of wanted) candidates.set(keyOf(record), [...(candidates.get(keyOf(record)) ?? []), record]);

  const create: ZoneRecord[] = [];
  const update: ZoneRecord[] = [];
  for (const [key, group] of candidates) {
    const has = zone.get(key);
    const chosen = choose(group, has);
    if (chosen === undefined) continue;
    if (has === undefined) create.push({ ...chosen, owner: flags.ownerId });
    else if (!sameTargets(has.targets, chosen.targets) || has.recordTTL !== chosen.recordTTL) {
      update.push({ ...chosen, owner: has.owner });
    }
  }
  const released = current.filter((record) => !candidates.has(keyOf(record)));

  const mayUpdate = flags.policy !== "create-only";
  const mayRemove = flags.policy === "sync";
  const ours = (record: ZoneRecord): boolean => record.owner === flags.ownerId;
  return {
    create,
    update: mayUpdate ? update.filter(ours) : [],
    remove: mayRemove ? released.filter(ours) : [],
    notOurs: update.filter((record) => !ours(record)),
  };
}

/** The zone after the changes. */
export function applied(current: readonly ZoneRecord[], changes: ZoneChanges): readonly ZoneRecord[] {
  const gone = new Set(changes.remove.map(keyOf));
  const newer = new Map(changes.update.map((record) => [keyOf(record), record]));
  const kept = current.filter((record) => !gone.has(keyOf(record)));
  return [...kept.map((record) => newer.get(keyOf(record)) ?? record), ...changes.create];
}
