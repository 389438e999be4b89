/**
 * One site's Rook-Ceph object store, replicated with the other site's. The store's user and bucket
 * belong to the home site alone: multisite carries them over, and one made on a zone that is not the
 * master would get other keys (rook#14030).
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  CephBlockPool,
  CephObjectRealm,
  CephObjectStore,
  CephObjectStoreUser,
  CephObjectZone,
  CephObjectZoneGroup,
} from "../kinds/ceph.ts";
import { HOME_SITE, peerOf } from "../sites.ts";
import type { ObjectStoreSettings } from "./objectStoreSpecs.ts";
import * as specs from "./objectStoreSpecs.ts";
import type { After } from "./order.ts";
import { bucketSecret, declareSecrets, objectStoreSecrets } from "./secretObjects.ts";
import type { SecretValues } from "./sharedSecrets.ts";
import { declareStep, type Proof, proofOf, type StepContext } from "./step.ts";

export interface ObjectStoreArgs {
  readonly settings: ObjectStoreSettings;
  /** Namespace of Harbor, where its keys are written. */
  readonly namespace: string;
  readonly context: StepContext;
  /** Port at which the other site reaches this site's gateways. */
  readonly port: number;
  /** URL of this site's gateways, as the other site and the runner reach them. */
  readonly ownEndpoint: string;
  /** URL of the other site's gateways. */
  readonly peerEndpoint: string;
  readonly secrets: SecretValues;
  /** Limit of each proof, in seconds. */
  readonly timeoutSeconds: number;
  /** What must be proved before the store takes on its role. */
  readonly after: After;
  readonly provider: kubernetes.Provider;
}

/** The keys of Harbor's object-store user. */
export interface UserKeys {
  readonly accessKey: pulumi.Output<string>;
  readonly secretKey: pulumi.Output<string>;
}

export class ObjectStore extends pulumi.ComponentResource {
  /** The keys with which Harbor reaches it. */
  readonly userKeys: UserKeys;
  /** Declared last; once it is there, the role is proved. */
  readonly proof: pulumi.Resource;
  /** What was proved. */
  readonly proved: pulumi.Output<Proof | undefined>[];

  constructor(name: string, args: ObjectStoreArgs, options?: pulumi.ComponentResourceOptions) {
    super("harbor-dr:index:ObjectStore", name, { role: args.context.role, settings: args.settings }, options);
    const store = this.declareZone(name, args);
    this.userKeys = this.declareUser(name, args, store);
    const { accessKey: objectStoreAccessKey, secretKey: objectStoreSecretKey } = this.userKeys;
    const keys = { ...args.secrets, objectStoreAccessKey, objectStoreSecretKey };
    const access = declareSecrets(name, [bucketSecret(args.namespace)], keys, {
      parent: this,
      provider: args.provider,
    });
    // Harbor waits for the last step, and does not start without the Secret that carries its keys.
    const home = args.context.site === HOME_SITE;
    const promoted = this.proveZone(name, args, home ? [store] : [store, ...access]);
    const steps = home ? [promoted, this.ensureBucket(name, args, [promoted, ...access])] : [promoted];
    this.proof = steps[steps.length - 1] ?? promoted;
    this.proved = steps.map(proofOf);
    this.registerOutputs({ proved: this.proved });
  }

  /** Realm, zone group, zone, root pool, store and its outside service: the same on both sites but for the pull. */
  private declareZone(name: string, args: ObjectStoreArgs): CephObjectStore {
    const { settings, context } = args;
    const { namespace } = settings;
    const child = { parent: this, provider: args.provider };
    const stateful = { ...child, protect: true };
    const objects = objectStoreSecrets(namespace, settings.realm).filter(
      ({ part }) => part === "realm-keys" || settings.userKeys === "provided",
    );
    const secrets = declareSecrets(name, objects, args.secrets, child);
    const realm = new CephObjectRealm(
      `${name}-realm`,
      { metadata: { name: settings.realm, namespace }, spec: specs.realmSpec(context.role, args.peerEndpoint) },
      // Rook makes system keys of its own when it finds no Secret.
      { ...stateful, dependsOn: pulumi.output(args.after).apply((after) => [...after, ...secrets]) },
    );
    const group = new CephObjectZoneGroup(
      `${name}-zone-group`,
      { metadata: { name: settings.zoneGroup, namespace }, spec: { realm: settings.realm } },
      { ...stateful, dependsOn: [realm] },
    );
    const root = new CephBlockPool(
      `${name}-root-pool`,
      { metadata: { name: "builtin-rgw-root", namespace }, spec: specs.rootPoolSpec(settings) },
      stateful,
    );
    const zone = new CephObjectZone(
      `${name}-zone`,
      {
        metadata: { name: specs.zoneName(settings, context.site), namespace },
        spec: specs.zoneSpec(settings, args.ownEndpoint),
      },
      { ...stateful, dependsOn: [group, root] },
    );
    new kubernetes.core.v1.Service(
      `${name}-gateway`,
      {
        metadata: {
          name: `rook-ceph-rgw-${settings.store}-external`,
          namespace,
          // Its pods come only with the store: the step waits for those, with a better message.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: specs.gatewayServiceSpec(settings, args.port),
      },
      child,
    );
    return new CephObjectStore(
      `${name}-store`,
      { metadata: { name: settings.store, namespace }, spec: specs.storeSpec(settings, context.site) },
      { ...stateful, dependsOn: [zone] },
    );
  }

  /** Harbor's user, on the home site. Where Rook generates the keys, they are read from its Secret. */
  private declareUser(name: string, args: ObjectStoreArgs, store: CephObjectStore): UserKeys {
    const { settings, context, secrets } = args;
    const ours = { accessKey: secrets.objectStoreAccessKey, secretKey: secrets.objectStoreSecretKey };
    if (context.site !== HOME_SITE) return ours;
    const generated = settings.userKeys === "generated";
    const annotations = { "pulumi.com/waitFor": "jsonpath={.status.phase}=Ready" };
    const user = new CephObjectStoreUser(
      `${name}-user`,
      {
        metadata: { name: settings.user, namespace: settings.namespace, ...(generated ? { annotations } : {}) },
        spec: specs.userSpec(settings),
      },
      { parent: this, provider: args.provider, protect: true, dependsOn: [store] },
    );
    if (!generated) return ours;
    const secret = kubernetes.core.v1.Secret.get(
      `${name}-user-keys`,
      pulumi.interpolate`${user.id.apply(() => settings.namespace)}/rook-ceph-object-user-${settings.store}-${settings.user}`,
      { parent: this, provider: args.provider, additionalSecretOutputs: ["data"] },
    );
    const key = (field: string) =>
      pulumi.secret(secret.data.apply((data) => Buffer.from(data[field] ?? "", "base64").toString()));
    return { accessKey: key("AccessKey"), secretKey: key("SecretKey") };
  }

  private proveZone(name: string, args: ObjectStoreArgs, needed: readonly pulumi.Resource[]) {
    const { settings, context, secrets } = args;
    return declareStep(
      `${name}-proof`,
      "proveObjectStore",
      context,
      args.timeoutSeconds,
      {
        DR_OBJECT_STORE_NAMESPACE: settings.namespace,
        DR_REALM: settings.realm,
        DR_ZONE_GROUP: settings.zoneGroup,
        DR_ZONE: specs.zoneName(settings, context.site),
        DR_PEER_ZONE: specs.zoneName(settings, peerOf(context.site)),
        DR_STORE: settings.store,
        DR_OBJECT_STORE_ENDPOINT: args.ownEndpoint,
        DR_PEER_OBJECT_STORE_ENDPOINT: args.peerEndpoint,
        DR_REALM_ACCESS_KEY: secrets.realmAccessKey,
        DR_REALM_SECRET_KEY: secrets.realmSecretKey,
      },
      { parent: this, dependsOn: pulumi.output(args.after).apply((after) => [...after, ...needed]) },
    );
  }

  private ensureBucket(name: string, args: ObjectStoreArgs, needed: pulumi.Resource[]) {
    return declareStep(
      `${name}-bucket`,
      "ensureBucket",
      args.context,
      args.timeoutSeconds,
      {
        DR_BUCKET: args.settings.bucket,
        DR_REGION: args.settings.region,
        DR_OBJECT_STORE_ENDPOINT: args.ownEndpoint,
        DR_BUCKET_ACCESS_KEY: this.userKeys.accessKey,
        DR_BUCKET_SECRET_KEY: this.userKeys.secretKey,
      },
      // A bucket is made on the master zone only.
      { parent: this, dependsOn: needed },
    );
  }
}
