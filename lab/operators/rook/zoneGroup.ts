/** CephObjectZoneGroup: made as master of a realm that has none; one that a pull brought is left as it is. */
import { radosgwAdmin } from "../../ceph/commands.ts";
import { read } from "../controller.ts";
import { groupArguments, optional, realmArgument, required } from "./period.ts";
import { CEPH_API, NotYet, nameOf, namespaceOf, type RookKind, specOf } from "./reconcile.ts";

interface ZoneGroupSpec {
  readonly realm: string;
}

export const zoneGroupKind: RookKind = {
  kind: "CephObjectZoneGroup",
  plural: "cephobjectzonegroups",
  async reconcile(object, context) {
    const { realm } = specOf<ZoneGroupSpec>(object);
    const metadata = { name: realm, namespace: namespaceOf(object) };
    if ((await read(context, { apiVersion: CEPH_API, kind: "CephObjectRealm", metadata })) === undefined) {
      throw new NotYet(`CephObjectRealm ${realm} not found`);
    }
    const place = { realm, zoneGroup: nameOf(object) };
    await required(context.lab, `realm ${realm}`, ["realm", "get", realmArgument(place)]);
    const periodArgs = ["period", "get", realmArgument(place)];
    const period = await required<{ master_zonegroup: string }>(context.lab, `period of ${realm}`, periodArgs);
    if ((await optional(context.lab, ["zonegroup", "get", ...groupArguments(place)])) !== undefined) return {};
    const master = period.master_zonegroup === "" ? ["--master"] : [];
    await radosgwAdmin(context.lab, ["zonegroup", "create", ...groupArguments(place), ...master]);
    return {};
  },
};
