/** Rules that join several keys: each returns the problems that it finds, worded like all others. */
import { SITES } from "../sites.ts";
import { endpointsOf } from "./endpoints.ts";
import { type Problem, setCommand, shown } from "./problems.ts";
import { routingFitsAddresses } from "./routingSchema.ts";
import type { Settings } from "./schema.ts";

/** PostgreSQL major versions that a Harbor minor version supports, from Harbor's release notes. */
const POSTGRES_OF_HARBOR: Readonly<Record<string, readonly string[]>> = { "2.12": ["14"], "2.14": ["15", "16"] };

/** The oldest Harbor that the operator's chart accepts. */
const OLDEST_HARBOR = [2, 12, 4] as const;

/** Checks what no single key can: the stack's name, addresses, versions, names that belong together. */
export function checkTogether(settings: Settings, stack: string): Problem[] {
  return [
    ...stackNamesSite(settings, stack),
    ...addressesDiffer(settings),
    ...clusterCarriesTeam(settings),
    ...harborVersion(settings),
    ...redisSentinel(settings),
    ...tlsSecret(settings),
    ...servicePorts(settings),
    ...routingFitsAddresses(settings),
  ];
}

function stackNamesSite({ site }: Settings, stack: string): Problem[] {
  if (site === stack || !(SITES as readonly string[]).includes(stack)) return [];
  return [
    {
      key: "site",
      received: shown(site),
      allowed: `"${stack}", because the stack is named so`,
      remedy: setCommand(["site"], stack),
    },
  ];
}

function addressesDiffer({ sites }: Settings): Problem[] {
  const [primary, secondary] = [endpointsOf(sites, "primary"), endpointsOf(sites, "secondary")];
  const shared = (["database", "objectStore", "harbor"] as const).filter(
    (service) => JSON.stringify(primary[service]) === JSON.stringify(secondary[service]),
  );
  if (shared.length === 0 && sites.primary.address !== sites.secondary.address) return [];
  const same =
    shared.length > 0
      ? ` (the same as sites.primary for ${shared.join(", ")})`
      : " (the same as sites.primary.address)";
  return [
    {
      key: "sites.secondary.address",
      received: `${shown(sites.secondary.address)}${same}`,
      allowed: "an address of its own: with one address for both sites, each site would take itself for the other",
      remedy: setCommand(["sites", "secondary", "address"], "<address>"),
    },
  ];
}

function clusterCarriesTeam({ postgres }: Settings): Problem[] {
  const prefix = `${postgres.teamId.toLowerCase()}-`;
  if (postgres.cluster.startsWith(prefix)) return [];
  return [
    {
      key: "postgres.cluster",
      received: shown(postgres.cluster),
      allowed: `a name that starts with the team id in lower case, such as "${prefix}${postgres.cluster}": the operator refuses others`,
      remedy: setCommand(["postgres", "cluster"], `${prefix}${postgres.cluster}`),
    },
  ];
}

function harborVersion({ harbor, postgres }: Settings): Problem[] {
  const parts = harbor.version.split(".").map(Number);
  const order =
    OLDEST_HARBOR.map((least, index) => (parts[index] ?? 0) - least).find((difference) => difference !== 0) ?? 0;
  if (order < 0) {
    const allowed = `${OLDEST_HARBOR.join(".")} or later`;
    return [
      {
        key: "harbor.version",
        received: shown(harbor.version),
        allowed,
        remedy: setCommand(["harbor", "version"], OLDEST_HARBOR.join(".")),
      },
    ];
  }
  const minor = harbor.version.split(".").slice(0, 2).join(".");
  const supported = POSTGRES_OF_HARBOR[minor];
  if (supported === undefined || supported.includes(postgres.version)) return [];
  return [
    {
      key: "postgres.version",
      received: shown(postgres.version),
      allowed: `${supported.join(" or ")}, which Harbor ${minor} supports`,
      remedy: setCommand(["postgres", "version"], supported[0] ?? ""),
    },
  ];
}

function redisSentinel({ redis }: Settings): Problem[] {
  if (!redis.address.includes(",") || redis.sentinelMasterSet !== undefined) return [];
  return [
    {
      key: "redis.sentinelMasterSet",
      received: "nothing",
      allowed: `the name of the master set, because redis.address lists several Sentinels (${redis.address})`,
      remedy: setCommand(["redis", "sentinelMasterSet"], "mymaster"),
    },
  ];
}

function tlsSecret({ harbor }: Settings): Problem[] {
  if (harbor.tls.certSource !== "secret" || harbor.tls.secretName !== undefined) return [];
  const allowed = "the name of a Secret with tls.crt and tls.key, because harbor.tls.certSource is secret";
  return [
    {
      key: "harbor.tls.secretName",
      received: "nothing",
      allowed,
      remedy: setCommand(["harbor", "tls", "secretName"], "harbor-tls"),
    },
  ];
}

/** With NodePort the configured port is the node port, which the API server takes only from its range. */
function servicePorts({ sites, postgres, objectStore }: Settings): Problem[] {
  return SITES.flatMap((site) =>
    (
      [
        ["databasePort", postgres.service],
        ["objectStorePort", objectStore.service],
      ] as const
    ).flatMap(([key, service]) => {
      const value = sites[site][key];
      if (service !== "NodePort" || (value >= 30000 && value <= 32767)) return [];
      const path = ["sites", site, key];
      return [
        {
          key: path.join("."),
          received: shown(value),
          allowed: "30000 to 32767, because the service is a NodePort",
          remedy: setCommand(path, "31661"),
        },
      ];
    }),
  );
}
