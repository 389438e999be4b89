/**
 * CephObjectRealm: the system keys, and the realm, made here or pulled from the peer.
 *
 * With `spec.pull` Rook pulls at every reconcile. With a dead peer the realm never becomes Ready for that generation,
 * while the gateways go on serving; and a pull from a peer that holds an older period takes this site back to that
 * period, without a word. Both are what users meet, so both are kept.
 */
import { randomBytes } from "node:crypto";
import { doesNotExist, radosgwAdmin } from "../../ceph/commands.ts";
import type { KubeObject } from "../../kube/rest.ts";
import { messageOf } from "../../wait.ts";
import { apply, read, type SiteContext } from "../controller.ts";
import { NotYet, nameOf, namespaceOf, PeerNotYet, type RookKind, specOf } from "./reconcile.ts";

interface RealmSpec {
  readonly pull?: { readonly endpoint?: string };
  readonly defaultRealm?: boolean;
}

export interface SystemKeys {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Rook gives its commands this long. */
const PULL_SECONDS = 15;

/** `<realm>-keys`; undefined when there is none yet. A Secret without the two keys is an error. */
export async function systemKeys(
  context: SiteContext,
  namespace: string,
  realm: string,
): Promise<SystemKeys | undefined> {
  const name = `${realm}-keys`;
  const secret = await read(context, { apiVersion: "v1", kind: "Secret", metadata: { name, namespace } });
  if (secret === undefined) return undefined;
  const data = (secret.data ?? {}) as Record<string, string>;
  const value = (key: string): string => {
    const found = Buffer.from(data[key] ?? "", "base64").toString("utf8");
    if (found === "") throw new Error(`Secret ${namespace}/${name} has no key "${key}"`);
    return found;
  };
  return { accessKey: value("access-key"), secretKey: value("secret-key") };
}

export const keyArguments = (keys: SystemKeys): string[] => [
  `--access-key=${keys.accessKey}`,
  `--secret=${keys.secretKey}`,
];

async function ensureKeys(context: SiteContext, realm: KubeObject): Promise<void> {
  const namespace = namespaceOf(realm);
  if ((await systemKeys(context, namespace, nameOf(realm))) !== undefined) return;
  await apply(context, {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/rook",
    metadata: { name: `${nameOf(realm)}-keys`, namespace },
    // URL-safe: a "/" in the access key breaks realm pull.
    stringData: {
      "access-key": randomBytes(15).toString("base64url"),
      "secret-key": randomBytes(30).toString("base64url"),
    },
  });
}

async function pull(context: SiteContext, realm: KubeObject, endpoint: string): Promise<void> {
  const name = nameOf(realm);
  const keys = await systemKeys(context, namespaceOf(realm), name);
  if (keys === undefined) throw new NotYet(`waiting for Secret ${namespaceOf(realm)}/${name}-keys to pull with`);
  const args = ["realm", "pull", `--rgw-realm=${name}`, `--url=${endpoint}`, ...keyArguments(keys)];
  try {
    await radosgwAdmin(context.lab, args, { seconds: PULL_SECONDS });
  } catch (thrown) {
    throw new PeerNotYet(`realm pull from ${endpoint} failed: ${messageOf(thrown)}`);
  }
}

export const realmKind: RookKind = {
  kind: "CephObjectRealm",
  plural: "cephobjectrealms",
  async reconcile(object, context) {
    const spec = specOf<RealmSpec>(object);
    const realm = `--rgw-realm=${nameOf(object)}`;
    if (spec.pull?.endpoint !== undefined && spec.pull.endpoint !== "") {
      await pull(context, object, spec.pull.endpoint);
    } else {
      await ensureKeys(context, object);
      try {
        await radosgwAdmin(context.lab, ["realm", "get", realm]);
      } catch (thrown) {
        if (!doesNotExist(thrown)) throw thrown;
        await radosgwAdmin(context.lab, ["realm", "create", realm]);
      }
    }
    if (spec.defaultRealm === true) await radosgwAdmin(context.lab, ["realm", "default", realm]);
    return {};
  },
};
