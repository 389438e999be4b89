/** What each of the object store's resources says, in either role. */
import type { Settings } from "../config/schema.ts";
import type {
  CephBlockPoolSpec,
  CephObjectRealmSpec,
  CephObjectStoreSpec,
  CephObjectStoreUserSpec,
  CephObjectZoneSpec,
  PoolSpec,
} from "../kinds/ceph.ts";
import type { Role, Site } from "../sites.ts";
import type { BucketAccess } from "./interfaces.ts";
import { userKeysSecret } from "./secretObjects.ts";

export type ObjectStoreSettings = Settings["objectStore"];

/** A site's zone is named after the site, never after its role. */
export function zoneName(settings: ObjectStoreSettings, site: Site): string {
  return `${settings.zoneGroup}-${site}`;
}

/** The bucket as Harbor reaches it: on its own site's gateways. */
export function bucketAccess(settings: ObjectStoreSettings): BucketAccess {
  const { store, namespace, gatewayPort, bucket, region } = settings;
  return { bucket, region, endpoint: `http://rook-ceph-rgw-${store}.${namespace}.svc:${gatewayPort}` };
}

/**
 * Rook pulls at every reconcile, so the pull follows the role: absent on the active site, where the
 * dead peer would put the realm in error, and naming the active peer on the standby. On a returning
 * site that pull is also what makes it rejoin.
 */
export function realmSpec(role: Role, peerEndpoint: string): CephObjectRealmSpec {
  const byRole: Record<Role, CephObjectRealmSpec> = { active: {}, standby: { pull: { endpoint: peerEndpoint } } };
  return byRole[role];
}

export function zoneSpec(settings: ObjectStoreSettings, ownEndpoint: string): CephObjectZoneSpec {
  return {
    zoneGroup: settings.zoneGroup,
    metadataPool: pool(settings),
    dataPool: pool(settings),
    customEndpoints: [ownEndpoint],
    preservePoolsOnDelete: true,
  };
}

/** Ceph's own pool `.rgw.root` keeps realm and period; its name is no Kubernetes name. */
export function rootPoolSpec(settings: ObjectStoreSettings): CephBlockPoolSpec {
  return { name: ".rgw.root", application: "rgw", ...pool(settings) };
}

export function storeSpec(settings: ObjectStoreSettings, site: Site): CephObjectStoreSpec {
  return {
    zone: { name: zoneName(settings, site) },
    gateway: {
      port: settings.gatewayPort,
      instances: settings.gatewayInstances,
      resources: {
        requests: { cpu: settings.gatewayCpu, memory: settings.gatewayMemory },
        limits: { cpu: settings.gatewayCpuLimit, memory: settings.gatewayMemory },
      },
    },
  };
}

export function userSpec(settings: ObjectStoreSettings): CephObjectStoreUserSpec {
  const name = userKeysSecret(settings.realm);
  const keys = [{ accessKeyRef: { name, key: "access-key" }, secretKeyRef: { name, key: "secret-key" } }];
  return {
    store: settings.store,
    displayName: "Harbor",
    clusterNamespace: settings.namespace,
    ...(settings.userKeys === "provided" ? { keys } : {}),
  };
}

/** The service at which the other site, and the runner, reach the gateways. */
export function gatewayServiceSpec(settings: ObjectStoreSettings, port: number) {
  const nodePort = settings.service === "NodePort";
  return {
    type: settings.service,
    selector: { app: "rook-ceph-rgw", rook_object_store: settings.store },
    ports: [
      {
        name: "http",
        port: nodePort ? settings.gatewayPort : port,
        targetPort: settings.gatewayTargetPort,
        ...(nodePort ? { nodePort: port } : {}),
      },
    ],
  };
}

function pool(settings: ObjectStoreSettings): PoolSpec {
  const size = settings.poolSize;
  return { failureDomain: settings.failureDomain, replicated: { size, requireSafeReplicaSize: size > 1 } };
}
