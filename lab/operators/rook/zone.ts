/**
 * CephObjectZone: pools, the zone, its endpoints, the system user, and a commit when the period changes.
 *
 * The first zone of a zone group that has no master becomes the master; any other joins as a non-master. After that
 * Rook never changes who is master: a promotion by hand, here or on the other site, is not undone.
 */
import { radosgwAdmin } from "../../ceph/commands.ts";
import { read, type SiteContext } from "../controller.ts";
import {
  commitChanges,
  groupArguments,
  optional,
  type Place,
  type ZoneGroup,
  zoneArguments,
  zoneGroupOf,
  zoneIsMaster,
} from "./period.ts";
import { checkZonePools, ensureZonePools, type PoolSpec } from "./pools.ts";
import { keyArguments, type SystemKeys, systemKeys } from "./realm.ts";
import { CEPH_API, NotYet, nameOf, namespaceOf, type RookKind, specOf } from "./reconcile.ts";

interface ZoneSpec {
  readonly zoneGroup: string;
  readonly metadataPool: PoolSpec;
  readonly dataPool: PoolSpec;
  readonly customEndpoints?: readonly string[];
}

/** exit code EINVAL: there is no such user. */
const NO_SUCH_USER = 22;

/** The zone's place, from its resource and its zone group's. */
export async function placeOf(context: SiteContext, namespace: string, zone: string): Promise<Place> {
  const find = async (kind: string, name: string) => {
    const found = await read(context, { apiVersion: CEPH_API, kind, metadata: { name, namespace } });
    if (found === undefined) throw new NotYet(`${kind} ${namespace}/${name} not found`);
    return found;
  };
  const { zoneGroup } = specOf<ZoneSpec>(await find("CephObjectZone", zone));
  const { realm } = specOf<{ realm: string }>(await find("CephObjectZoneGroup", zoneGroup));
  return { realm, zoneGroup, zone };
}

async function ensureSystemUser(context: SiteContext, place: Place, keys: SystemKeys): Promise<void> {
  const user = [...zoneArguments(place), `--uid=${place.realm}-system-user`];
  try {
    await radosgwAdmin(context.lab, ["user", "info", ...user]);
  } catch (thrown) {
    if ((thrown as { code?: number }).code !== NO_SUCH_USER) throw thrown;
    const name = `--display-name=${place.realm}.user`;
    await radosgwAdmin(context.lab, ["user", "create", ...user, name, "--system", ...keyArguments(keys)]);
  }
}

/** What the zone is made of: its resource, its group as Ceph has it, and the keys that its gateways replicate with. */
interface Wanted {
  readonly spec: ZoneSpec;
  readonly group: ZoneGroup;
  readonly keys: SystemKeys;
}

async function ensureZone(context: SiteContext, place: Place, { spec, group, keys }: Wanted): Promise<void> {
  const site = context.lab;
  const wanted = [...(spec.customEndpoints ?? [])].sort().join();
  const endpoints = wanted === "" ? [] : [`--endpoints=${wanted}`];
  if ((await optional(site, ["zone", "get", ...zoneArguments(place)])) === undefined) {
    // The zone comes after its pools, so where there is a zone there are pools.
    await ensureZonePools(site, place.zone);
    const master = group.master_zone === "" ? ["--master"] : [];
    const args = [...zoneArguments(place), ...keyArguments(keys), ...master, ...endpoints];
    await radosgwAdmin(site, ["zone", "create", ...args]);
    return;
  }
  const entry = group.zones.find((zone) => zone.name === place.zone);
  if (entry === undefined || endpoints.length === 0 || [...entry.endpoints].sort().join() === wanted) return;
  if (entry.id === group.master_zone) {
    await radosgwAdmin(site, ["zonegroup", "modify", ...groupArguments(place), ...endpoints]);
  }
  await radosgwAdmin(site, ["zone", "modify", ...zoneArguments(place), ...endpoints]);
}

export const zoneKind: RookKind = {
  kind: "CephObjectZone",
  plural: "cephobjectzones",
  async reconcile(object, context) {
    const spec = specOf<ZoneSpec>(object);
    const place = await placeOf(context, namespaceOf(object), nameOf(object));
    checkZonePools(spec);
    const group = await zoneGroupOf(context.lab, place);
    const keys = await systemKeys(context, namespaceOf(object), place.realm);
    if (keys === undefined) throw new NotYet(`waiting for Secret ${namespaceOf(object)}/${place.realm}-keys`);
    await ensureZone(context, place, { spec, group, keys });
    await commitChanges(context.lab, place);
    const isMaster = group.master_zone === "" || (await zoneIsMaster(context.lab, place));
    if (isMaster) await ensureSystemUser(context, place, keys);
    return {};
  },
};
