/**
 * Rook's object-store kinds (ceph.rook.io/v1): the fields of the public CRDs that we set.
 * Source: rook/rook, deploy/examples/crds.yaml.
 */
import type * as pulumi from "@pulumi/pulumi";
import { Kind, type Metadata, typeToken } from "./kind.ts";
import type { ResourceRequirements } from "./resources.ts";

const API_VERSION = "ceph.rook.io/v1";

/** How a pool keeps its copies. */
export interface PoolSpec {
  readonly failureDomain: string;
  readonly replicated: {
    readonly size: number;
    /** False is needed for a single copy, which Ceph otherwise refuses. */
    readonly requireSafeReplicaSize: boolean;
  };
}

export interface CephObjectRealmSpec {
  /**
   * The site to pull the realm from. Rook runs the pull at every reconcile, so it is null on the
   * active site: with a dead peer the promoted site's realm would be in error for ever.
   */
  readonly pull?: { readonly endpoint: string };
}

export interface CephObjectZoneGroupSpec {
  readonly realm: string;
}

export interface CephObjectZoneSpec {
  readonly zoneGroup: string;
  readonly metadataPool: PoolSpec;
  readonly dataPool: PoolSpec;
  /** Addresses at which the other site reaches this zone's gateways. */
  readonly customEndpoints: readonly string[];
  /** True keeps the pools, and so the images, when the resource is deleted. */
  readonly preservePoolsOnDelete: boolean;
}

export interface CephBlockPoolSpec extends PoolSpec {
  /** The pool's name in Ceph, where it cannot be a Kubernetes name (`.rgw.root`). */
  readonly name: string;
  readonly application: string;
}

export interface CephObjectStoreSpec {
  readonly zone: { readonly name: string };
  readonly gateway: { readonly port: number; readonly instances: number; readonly resources: ResourceRequirements };
}

/** One key of a Secret. */
export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

export interface CephObjectStoreUserSpec {
  readonly store: string;
  readonly displayName: string;
  readonly clusterNamespace: string;
  /** Our own keys, taken by newer Rook releases. Older ones generate keys, and `status.info.secretName` names them. */
  readonly keys?: readonly { readonly accessKeyRef: SecretKeyRef; readonly secretKeyRef: SecretKeyRef }[];
}

type Args<Spec> = { readonly metadata: Metadata; readonly spec: pulumi.Input<Spec> };

export class CephObjectRealm extends Kind<CephObjectRealmSpec> {
  static readonly identity = { apiVersion: API_VERSION, kind: "CephObjectRealm" };
  static readonly __pulumiType = typeToken(CephObjectRealm.identity);
  constructor(name: string, args: Args<CephObjectRealmSpec>, options?: pulumi.CustomResourceOptions) {
    super(CephObjectRealm.identity, name, args, options);
  }
}

export class CephObjectZoneGroup extends Kind<CephObjectZoneGroupSpec> {
  static readonly identity = { apiVersion: API_VERSION, kind: "CephObjectZoneGroup" };
  static readonly __pulumiType = typeToken(CephObjectZoneGroup.identity);
  constructor(name: string, args: Args<CephObjectZoneGroupSpec>, options?: pulumi.CustomResourceOptions) {
    super(CephObjectZoneGroup.identity, name, args, options);
  }
}

export class CephObjectZone extends Kind<CephObjectZoneSpec> {
  static readonly identity = { apiVersion: API_VERSION, kind: "CephObjectZone" };
  static readonly __pulumiType = typeToken(CephObjectZone.identity);
  constructor(name: string, args: Args<CephObjectZoneSpec>, options?: pulumi.CustomResourceOptions) {
    super(CephObjectZone.identity, name, args, options);
  }
}

export class CephBlockPool extends Kind<CephBlockPoolSpec> {
  static readonly identity = { apiVersion: API_VERSION, kind: "CephBlockPool" };
  static readonly __pulumiType = typeToken(CephBlockPool.identity);
  constructor(name: string, args: Args<CephBlockPoolSpec>, options?: pulumi.CustomResourceOptions) {
    super(CephBlockPool.identity, name, args, options);
  }
}

export class CephObjectStore extends Kind<CephObjectStoreSpec> {
  static readonly identity = { apiVersion: API_VERSION, kind: "CephObjectStore" };
  static readonly __pulumiType = typeToken(CephObjectStore.identity);
  constructor(name: string, args: Args<CephObjectStoreSpec>, options?: pulumi.CustomResourceOptions) {
    super(CephObjectStore.identity, name, args, options);
  }
}

export class CephObjectStoreUser extends Kind<CephObjectStoreUserSpec> {
  static readonly identity = { apiVersion: API_VERSION, kind: "CephObjectStoreUser" };
  static readonly __pulumiType = typeToken(CephObjectStoreUser.identity);
  constructor(name: string, args: Args<CephObjectStoreUserSpec>, options?: pulumi.CustomResourceOptions) {
    super(CephObjectStoreUser.identity, name, args, options);
  }
}
