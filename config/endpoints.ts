/** Where a site's three services answer, as the other site and the runner reach them. */

import type { Site } from "../sites.ts";
import type { Settings } from "./schema.ts";

/** A host and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** How the other site, and the runner, reach a site. */
export interface SiteEndpoints {
  readonly database: Address;
  /** URL of the gateways. */
  readonly objectStore: string;
  /** host:port of Harbor's entry. */
  readonly harbor: string;
  /** Host of Harbor's entry, to which the external name points. */
  readonly harborHost: string;
}

/** The endpoints of `site`, from the configuration: both sites know both. */
export function endpointsOf(sites: Settings["sites"], site: Site): SiteEndpoints {
  const { address, ...given } = sites[site];
  const harborHost = given.harborHost ?? address;
  return {
    database: { host: given.databaseHost ?? address, port: given.databasePort },
    objectStore: `http://${bracketed(given.objectStoreHost ?? address)}:${given.objectStorePort}`,
    harbor: `${bracketed(harborHost)}:${given.harborPort}`,
    harborHost,
  };
}

/** An IPv6 address needs brackets where a port follows. */
function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
