/**
 * CephObjectStore: the Service and the Deployment of a zone's gateways.
 *
 * As with Rook the Deployment outlives the operator's troubles: once it is there, the gateways run (gateways.ts),
 * whatever becomes of the realm's pull or of this resource.
 */
import { apply, read, remove, type SiteContext } from "../controller.ts";
import { gatewayDeployment, gatewayHeader } from "./gateways.ts";
import { required, zoneArguments } from "./period.ts";
import { CEPH_API, NotYet, nameOf, namespaceOf, phaseOf, type RookKind, specOf } from "./reconcile.ts";
import { placeOf } from "./zone.ts";

export interface StoreSpec {
  readonly gateway?: { readonly port?: number; readonly instances?: number };
  readonly zone?: { readonly name: string };
  readonly allowUsersInNamespaces?: readonly string[];
}

/** Where gateway pods listen without host networking, whatever `gateway.port` says; that is the Service's port. */
export const GATEWAY_TARGET_PORT = 8080;

export const storeEndpoint = (namespace: string, store: string, spec: StoreSpec): string =>
  `http://rook-ceph-rgw-${store}.${namespace}.svc:${spec.gateway?.port ?? 80}`;

const serviceOf = (namespace: string, store: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: `rook-ceph-rgw-${store}`, namespace },
});

/** The zone must be Ready: else two controllers commit periods at once. */
async function readyZone(context: SiteContext, namespace: string, name: string): Promise<void> {
  const zone = await read(context, { apiVersion: CEPH_API, kind: "CephObjectZone", metadata: { name, namespace } });
  if (zone === undefined) throw new NotYet(`CephObjectZone ${namespace}/${name} not found`);
  if (phaseOf(zone) !== "Ready") throw new NotYet(`CephObjectZone ${name} is not ready (phase "${phaseOf(zone)}")`);
}

export const storeKind: RookKind = {
  kind: "CephObjectStore",
  plural: "cephobjectstores",
  phases: { busy: "Progressing", failed: "Failure" },
  async reconcile(object, context) {
    const [namespace, name, spec] = [namespaceOf(object), nameOf(object), specOf<StoreSpec>(object)];
    const { port, instances = 1 } = spec.gateway ?? {};
    if (port === undefined || port < 1) throw new Error(`CephObjectStore ${name}: spec.gateway.port is not given`);
    if (spec.zone === undefined) {
      throw new Error(
        `CephObjectStore ${name}: spec.zone.name is not given; the lab's Rook knows stores of a zone only`,
      );
    }
    await readyZone(context, namespace, spec.zone.name);
    const place = await placeOf(context, namespace, spec.zone.name);
    await required(context.lab, `zone ${place.zone}`, ["zone", "get", ...zoneArguments(place)]);
    const selector = { app: "rook-ceph-rgw", rook_object_store: name };
    await apply(context, {
      ...serviceOf(namespace, name),
      spec: { selector, ports: [{ name: "http", port, targetPort: GATEWAY_TARGET_PORT, protocol: "TCP" }] },
    });
    const ports = [...new Set([GATEWAY_TARGET_PORT, port])];
    await apply(context, gatewayDeployment(namespace, name, instances, zoneArguments(place), ports));
    const endpoint = storeEndpoint(namespace, name, spec);
    return {
      info: { endpoint },
      endpoints: { insecure: [endpoint], secure: [] },
      replicas: instances,
      selector: Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    };
  },
  async removed(object, context) {
    await remove(context, gatewayHeader(namespaceOf(object), nameOf(object)));
    await remove(context, serviceOf(namespaceOf(object), nameOf(object)));
  },
};
