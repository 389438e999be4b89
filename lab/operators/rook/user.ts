/**
 * CephObjectStoreUser: a user of the realm, and the Secret with its keys.
 *
 * Users are metadata, and metadata is the master zone's. Real Rook made on another zone leaves a user whose keys
 * differ between the sites (rook#14030); here that is refused. A user that is there already and needs no change is
 * Ready on any zone, as after a promotion elsewhere.
 */
import type { KubeObject } from "../../kube/rest.ts";
import { apply, read, remove, type SiteContext } from "../controller.ts";
import { AdminOps, type LiveUser, type UserKey } from "./adminOps.ts";
import { gatewayHeader, gatewaysOf } from "./gateways.ts";
import { type Place, zoneIsMaster } from "./period.ts";
import { systemKeys } from "./realm.ts";
import { CEPH_API, NotYet, nameOf, namespaceOf, type RookKind, specOf } from "./reconcile.ts";
import { type StoreSpec, storeEndpoint } from "./store.ts";
import { capabilitiesText, quotaOf, type UserSpec } from "./userSpec.ts";
import { placeOf } from "./zone.ts";

interface StoreView {
  readonly place: Place;
  readonly endpoint: string;
  readonly ops: AdminOps;
}

async function storeOf(context: SiteContext, user: KubeObject): Promise<StoreView> {
  const spec = specOf<UserSpec>(user);
  const cluster = spec.clusterNamespace ?? namespaceOf(user);
  const header = {
    apiVersion: CEPH_API,
    kind: "CephObjectStore",
    metadata: { name: spec.store ?? "", namespace: cluster },
  };
  const store = await read(context, header);
  if (store === undefined) throw new Error(`CephObjectStore ${cluster}/${spec.store} not found`);
  const { allowUsersInNamespaces: allowed = [], zone, gateway } = specOf<StoreSpec>(store);
  if (cluster !== namespaceOf(user) && !allowed.includes("*") && !allowed.includes(namespaceOf(user))) {
    throw new Error(
      `object store ${spec.store} does not allow users in namespace ${namespaceOf(user)}; add it to its spec.allowUsersInNamespaces`,
    );
  }
  const deployment = await read(context, gatewayHeader(cluster, nameOf(store)));
  const first = deployment === undefined ? undefined : gatewaysOf(deployment)[0];
  const keysOfRealm = async (place: Place) => await systemKeys(context, cluster, place.realm);
  if (first === undefined || !context.processes.running(first.name)) throw new NotYet("no rgw pod found");
  const place = await placeOf(context, cluster, zone?.name ?? "");
  const keys = await keysOfRealm(place);
  if (keys === undefined) throw new NotYet(`waiting for Secret ${cluster}/${place.realm}-keys`);
  const endpoint = storeEndpoint(cluster, nameOf(store), { ...(gateway ? { gateway } : {}) });
  return { place, endpoint, ops: new AdminOps(`http://${first.address}:${first.ports[0] ?? 0}`, keys) };
}

/** Secrets that `spec.keys` refers to, by name. */
async function keySecrets(context: SiteContext, user: KubeObject): Promise<Map<string, KubeObject>> {
  const found = new Map<string, KubeObject>();
  for (const { accessKeyRef, secretKeyRef } of specOf<UserSpec>(user).keys ?? []) {
    for (const { name } of [accessKeyRef, secretKeyRef]) {
      const metadata = { name, namespace: namespaceOf(user) };
      const secret = await read(context, { apiVersion: "v1", kind: "Secret", metadata });
      if (secret !== undefined) found.set(name, secret);
    }
  }
  return found;
}

function wantedKeys(user: KubeObject, secrets: ReadonlyMap<string, KubeObject>): UserKey[] {
  const value = ({ name, key }: { name: string; key: string }): string => {
    const data = (secrets.get(name)?.data ?? {}) as Record<string, string>;
    if (data[key] === undefined) throw new Error(`Secret ${namespaceOf(user)}/${name} has no key "${key}" (spec.keys)`);
    return Buffer.from(data[key], "base64").toString("utf8");
  };
  return (specOf<UserSpec>(user).keys ?? []).map(({ accessKeyRef, secretKeyRef }) => ({
    access_key: value(accessKeyRef),
    secret_key: value(secretKeyRef),
  }));
}

/** What of the live user is not as the resource wants it. */
function differences(live: LiveUser, wanted: readonly UserKey[], spec: UserSpec, name: string) {
  const same = (one: UserKey, other: UserKey): boolean =>
    one.access_key === other.access_key && one.secret_key === other.secret_key;
  const caps = live.caps.map((cap) => `${cap.type}=${cap.perm};`).join("");
  return {
    missing: wanted.filter((key) => !live.keys.some((one) => same(one, key))),
    // Without keys of ours, the first that the gateway made stays and others go.
    surplus:
      wanted.length === 0 ? live.keys.slice(1) : live.keys.filter((key) => !wanted.some((one) => same(one, key))),
    profile: live.display_name !== (spec.displayName ?? name) || live.max_buckets !== (spec.quotas?.maxBuckets ?? 1000),
    caps: caps === capabilitiesText(spec) ? undefined : caps,
  };
}

async function ensureUser(context: SiteContext, user: KubeObject, view: StoreView, wanted: readonly UserKey[]) {
  const [uid, spec, { ops }] = [nameOf(user), specOf<UserSpec>(user), view];
  const profile = { "display-name": spec.displayName ?? uid, "max-buckets": String(spec.quotas?.maxBuckets ?? 1000) };
  const mustBeMaster = async (what: string): Promise<void> => {
    if (await zoneIsMaster(context.lab, view.place)) return;
    throw new Error(
      `zone ${view.place.zone} is not the master zone: user ${uid} cannot be ${what} here. Declare it on the site of the master zone; metadata sync brings it here`,
    );
  };
  let live = await ops.user(uid);
  if (live === undefined) {
    await mustBeMaster("created");
    const first = wanted[0];
    const pair =
      first === undefined
        ? { "generate-key": "true" }
        : { "access-key": first.access_key, "secret-key": first.secret_key, "generate-key": "false" };
    live = await ops.create(uid, { ...profile, ...pair });
    const quota = quotaOf(spec);
    if (quota.enabled) await ops.setQuota(uid, quota);
  }
  const change = differences(live, wanted, spec, uid);
  if (change.profile || change.caps !== undefined || change.missing.length + change.surplus.length > 0) {
    await mustBeMaster("changed");
  }
  if (change.profile) await ops.modify(uid, profile);
  if (change.caps !== undefined) {
    if (change.caps !== "") await ops.removeCaps(uid, change.caps);
    if (capabilitiesText(spec) !== "") await ops.addCaps(uid, capabilitiesText(spec));
  }
  for (const key of change.surplus) await ops.removeKey(uid, key.access_key);
  for (const key of change.missing) await ops.addKey(uid, key);
  const keys = wanted[0] ?? live.keys[0];
  if (keys === undefined) throw new Error(`user ${uid} has no keys`);
  return keys;
}

const secretName = (user: KubeObject): string =>
  `rook-ceph-object-user-${specOf<UserSpec>(user).store ?? ""}-${nameOf(user)}`;
const secretHeader = (user: KubeObject) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: secretName(user), namespace: namespaceOf(user) },
});

export const userKind: RookKind = {
  kind: "CephObjectStoreUser",
  plural: "cephobjectstoreusers",
  async fingerprint(object, context) {
    const secrets = await keySecrets(context, object);
    return [...secrets.values()].map((secret) => `${secret.metadata?.uid}/${secret.metadata?.resourceVersion}`).join();
  },
  async reconcile(object, context) {
    const secrets = await keySecrets(context, object);
    const view = await storeOf(context, object);
    const keys = await ensureUser(context, object, view, wantedKeys(object, secrets));
    const header = secretHeader(object);
    const store = specOf<UserSpec>(object).store ?? "";
    const labels = {
      app: "rook-ceph-rgw",
      user: nameOf(object),
      rook_cluster: namespaceOf(object),
      rook_object_store: store,
    };
    await apply(context, {
      ...header,
      metadata: { ...header.metadata, labels },
      type: "kubernetes.io/rook",
      stringData: { AccessKey: keys.access_key, SecretKey: keys.secret_key, Endpoint: view.endpoint },
    });
    const used = [...secrets.values()].map(({ metadata }) => ({
      name: metadata?.name ?? "",
      namespace: metadata?.namespace ?? "",
      uid: metadata?.uid ?? "",
      resourceVersion: metadata?.resourceVersion ?? "",
    }));
    return { info: { secretName: secretName(object) }, ...(used.length === 0 ? {} : { keys: used }) };
  },
  async removed(object, context) {
    await remove(context, secretHeader(object));
  },
};
