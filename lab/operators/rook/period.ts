/** The parts of radosgw-admin's answers that the operator reads, and its idempotent commit. */
import { isDeepStrictEqual } from "node:util";
import { doesNotExist, radosgwAdmin } from "../../ceph/commands.ts";
import type { LabSite } from "../../layout.ts";
import { NotYet } from "./reconcile.ts";

export interface ZoneEntry {
  readonly id: string;
  readonly name: string;
  readonly endpoints: readonly string[];
}

export interface ZoneGroup {
  readonly id: string;
  readonly is_master: string | boolean;
  readonly endpoints: readonly string[];
  readonly master_zone: string;
  readonly zones: readonly ZoneEntry[];
}

export interface Place {
  readonly realm: string;
  readonly zoneGroup: string;
  readonly zone: string;
}

export const realmArgument = (place: { readonly realm: string }): string => `--rgw-realm=${place.realm}`;
export const groupArguments = (place: { readonly realm: string; readonly zoneGroup: string }): string[] => [
  realmArgument(place),
  `--rgw-zonegroup=${place.zoneGroup}`,
];
export const zoneArguments = (place: Place): string[] => [...groupArguments(place), `--rgw-zone=${place.zone}`];

/** JSON that a command prints; what it asks for must be there, else the caller waits for it. */
export async function required<T>(site: LabSite, what: string, args: readonly string[]): Promise<T> {
  const found = await optional<T>(site, args);
  if (found === undefined) throw new NotYet(`${what} does not exist in Ceph yet`);
  return found;
}

/** JSON that a command prints, undefined when there is no such thing. */
export async function optional<T>(site: LabSite, args: readonly string[]): Promise<T | undefined> {
  try {
    return JSON.parse(await radosgwAdmin(site, args)) as T;
  } catch (thrown) {
    if (doesNotExist(thrown)) return undefined;
    throw thrown;
  }
}

export const zoneGroupOf = async (site: LabSite, place: Place): Promise<ZoneGroup> =>
  await required<ZoneGroup>(site, `zone group ${place.zoneGroup}`, ["zonegroup", "get", ...groupArguments(place)]);

/** Whether the cluster's own configuration, which a promotion changes, names this zone as the group's master. */
export async function zoneIsMaster(site: LabSite, place: Place): Promise<boolean> {
  const group = await zoneGroupOf(site, place);
  return group.zones.some((zone) => zone.name === place.zone && zone.id === group.master_zone);
}

/** What differs between a period and the same period staged again, with nothing to commit. */
const ALWAYS_DIFFERENT = new Set(["id", "epoch", "predecessor_uuid", "sync_status", "realm_epoch"]);

function comparable(period: string): unknown {
  const { period_map: map, ...rest } = JSON.parse(period) as Record<string, unknown> & { period_map: object };
  const kept = (object: object): object =>
    Object.fromEntries(Object.entries(object).filter(([key]) => !ALWAYS_DIFFERENT.has(key)));
  return { ...kept(rest), period_map: kept(map) };
}

/**
 * Commits the period only when there is something to commit: every commit makes the gateways reload. On a zone that
 * is not the master the commit goes to the master, and fails while that is away.
 */
export async function commitChanges(site: LabSite, place: Place): Promise<void> {
  const current = await radosgwAdmin(site, ["period", "get", ...zoneArguments(place)]);
  const staged = await radosgwAdmin(site, ["period", "update", ...zoneArguments(place)]);
  if (isDeepStrictEqual(comparable(current), comparable(staged))) return;
  await radosgwAdmin(site, ["period", "update", "--commit", ...zoneArguments(place)]);
}
