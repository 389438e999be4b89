/**
 * Stand-in for the Rook operator: turns its object-store resources into real Ceph realms, zones and gateways.
 *
 * As the real one it never decides who is master after the first zone: promotions are made with radosgw-admin in the
 * toolbox, and it neither repeats nor undoes them.
 */
import type { Controller } from "../controller.ts";
import { gatewayController } from "./gateways.ts";
import { blockPoolKind } from "./pools.ts";
import { realmKind } from "./realm.ts";
import { rookController } from "./reconcile.ts";
import { storeKind } from "./store.ts";
import { userKind } from "./user.ts";
import { zoneKind } from "./zone.ts";
import { zoneGroupKind } from "./zoneGroup.ts";

export const rookControllers: readonly Controller[] = [
  gatewayController,
  ...[realmKind, zoneGroupKind, blockPoolKind, zoneKind, storeKind, userKind].map(rookController),
];
