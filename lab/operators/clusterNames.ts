/**
 * Stand-in for a cluster's DNS: what `<service>.<namespace>.svc` means on this site.
 *
 * Servers of the lab run on the machine, not in containers, so nothing resolves such names for them; an operator asks
 * here and gives its server the address. The cluster address stays the same while pods behind it come and go.
 */
import { type Json, read, type SiteContext } from "./controller.ts";

const CLUSTER_NAME = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?\.?$/;

/** Service and namespace that a host name means, undefined for an address or a name of the world outside. */
export function serviceOf(host: string, namespace: string): { name: string; namespace: string } | undefined {
  if (/^[a-z0-9-]+$/.test(host)) return { name: host, namespace };
  const parts = CLUSTER_NAME.exec(host);
  return parts?.[1] === undefined || parts[2] === undefined ? undefined : { name: parts[1], namespace: parts[2] };
}

/** The address to connect to for a host name that an object of `namespace` uses; other hosts come back as they are. */
export async function addressOf(context: SiteContext, host: string, namespace: string): Promise<string> {
  const service = serviceOf(host, namespace);
  if (service === undefined) return host;
  const found = await read(context, { apiVersion: "v1", kind: "Service", metadata: service });
  const clusterIP = (found?.spec as Json | undefined)?.clusterIP;
  if (typeof clusterIP === "string" && clusterIP !== "" && clusterIP !== "None") return clusterIP;
  throw new Error(`no Service ${service.name} in namespace ${service.namespace}, which the host name "${host}" means`);
}
