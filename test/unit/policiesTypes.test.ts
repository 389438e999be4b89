/** The kinds that the rules know are those that the program declares. */
import { expect, test } from "vitest";
import * as ceph from "../../kinds/ceph.ts";
import { DnsEndpoint } from "../../kinds/dnsEndpoint.ts";
import { HarborRegistry } from "../../kinds/harbor.ts";
import { Postgresql } from "../../kinds/postgresql.ts";
import { TYPES } from "../../policies/record.ts";

test("rules match the kinds by the tokens that the kinds have", () => {
  // Rules name tokens instead of importing the classes: those load the whole Kubernetes SDK, a second per preview.
  expect({
    harbor: TYPES.harbor,
    postgresql: TYPES.postgresql,
    realm: TYPES.realm,
    zoneGroup: TYPES.zoneGroup,
    zone: TYPES.zone,
    pool: TYPES.pool,
    store: TYPES.store,
    user: TYPES.user,
    dnsEndpoint: TYPES.dnsEndpoint,
  }).toEqual({
    harbor: HarborRegistry.__pulumiType,
    postgresql: Postgresql.__pulumiType,
    realm: ceph.CephObjectRealm.__pulumiType,
    zoneGroup: ceph.CephObjectZoneGroup.__pulumiType,
    zone: ceph.CephObjectZone.__pulumiType,
    pool: ceph.CephBlockPool.__pulumiType,
    store: ceph.CephObjectStore.__pulumiType,
    user: ceph.CephObjectStoreUser.__pulumiType,
    dnsEndpoint: DnsEndpoint.__pulumiType,
  });
});
