/** Declares one site: its parts, in the order of its role. */
import * as kubernetes from "@pulumi/kubernetes";
import { externalHost, REGISTRY_USER } from "./components/harborSpec.ts";
import { secretsOfHome } from "./components/homeStack.ts";
import { gate, Harbor, inOrder, ObjectStore, PostgresCluster, Routing, SharedSecrets } from "./components/index.ts";
import { bucketAccess, zoneName } from "./components/objectStoreSpecs.ts";
import { databaseEndpoint } from "./components/postgresCluster.ts";
import { DNS_KIND, preflight, SITE_KINDS } from "./components/preflight.ts";
import { lookUpName } from "./components/routingRoute53.ts";
import type { SecretValues } from "./components/sharedSecrets.ts";
import type { OwnEnvironment, StepContext } from "./components/step.ts";
import { endpointsOf } from "./config/endpoints.ts";
import { type Configuration, PROJECT } from "./config.ts";
import { type DeclaredSite, outputsOf, type StackOutputs } from "./outputs.ts";
import { HOME_SITE, peerOf, roleOf } from "./sites.ts";

/** Declares everything that `config` describes, after a look at the cluster. */
export async function declareSite(config: Configuration): Promise<StackOutputs> {
  const { site, namespace, kubeconfig, kubeContext, harbor, postgres, objectStore, redis, routing, timeouts } = config;
  const peer = peerOf(site);
  const role = roleOf(site, config.activeSite);
  const context: StepContext = { site, peer, role, kubeconfig, kubeContext, rerun: config.rerun };
  await preflight(context, {
    kinds: [...SITE_KINDS, ...(routing.type === "externalDns" ? [DNS_KIND] : [])],
    namespaces: [namespace, objectStore.namespace],
  });

  const provider = new kubernetes.Provider("cluster", {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(kubeContext === undefined ? {} : { context: kubeContext }),
    // Without it a changed kubeconfig may look like another cluster, and replace everything.
    clusterIdentifier: `${PROJECT}-${site}`,
    // A run that was killed may have created objects that its state does not know; the next run takes them
    // over. Names are fixed, and a field that somebody else manages is still a conflict.
    upsertExistingObjects: true,
    // Otherwise a rotated secret would delete its Secret before it makes the new one.
    enableSecretMutable: true,
  });
  const fromHome = site === HOME_SITE ? undefined : secretsOfHome(config);
  const { values: secrets } = new SharedSecrets("secrets", {
    site,
    supplied: config.supplied,
    fromHome,
    registryUser: REGISTRY_USER,
  });
  const [own, other] = [endpointsOf(config.sites, site), endpointsOf(config.sites, peer)];
  const hostname = externalHost(harbor);
  const entry = {
    host: own.harborHost,
    port: config.sites[site].harborPort,
    tls: new URL(harbor.externalUrl).protocol === "https:",
  };
  const published = routing.type === "route53" ? await lookUpName(routing, site, hostname, entry.host) : undefined;
  const common = { namespace, context, secrets, provider };
  const parts = inOrder<DeclaredSite>(role, gate(context, timeouts.gateSeconds, gateEnvironment(config, secrets)), {
    database: (after) =>
      new PostgresCluster("database", {
        ...common,
        settings: postgres,
        own: own.database,
        peer: other.database,
        timeoutSeconds: timeouts.databaseSeconds,
        after,
      }),
    objectStore: (after) =>
      new ObjectStore("object-store", {
        ...common,
        settings: objectStore,
        port: config.sites[site].objectStorePort,
        ownEndpoint: own.objectStore,
        peerEndpoint: other.objectStore,
        timeoutSeconds: timeouts.objectStoreSeconds,
        after,
      }),
    harbor: (after) =>
      new Harbor("harbor", {
        ...common,
        settings: harbor,
        database: databaseEndpoint(postgres, namespace),
        bucket: bucketAccess(objectStore),
        redis,
        ownAddress: own.harbor,
        timeoutSeconds: timeouts.harborSeconds,
        after,
      }),
    routing: (after) =>
      new Routing("routing", {
        namespace,
        provider,
        context,
        settings: routing,
        hostname,
        entry,
        published,
        timeoutSeconds: timeouts.routingSeconds,
        after,
      }),
  });
  return outputsOf(config, secrets, parts);
}

/** Every path on which the other site could answer as active. */
function gateEnvironment(config: Configuration, secrets: SecretValues): OwnEnvironment<"gate"> {
  const { site, namespace, harbor, postgres, objectStore } = config;
  const peer = peerOf(site);
  const other = endpointsOf(config.sites, peer);
  return {
    DR_NAMESPACE: namespace,
    DR_CLUSTER: postgres.cluster,
    DR_PEER_DATABASE_HOST: other.database.host,
    DR_PEER_DATABASE_PORT: String(other.database.port),
    DR_SUPERUSER_PASSWORD: secrets.databaseSuperuserPassword,
    DR_OBJECT_STORE_NAMESPACE: objectStore.namespace,
    DR_REALM: objectStore.realm,
    DR_ZONE: zoneName(objectStore, site),
    DR_PEER_ZONE: zoneName(objectStore, peer),
    DR_PEER_OBJECT_STORE_ENDPOINT: other.objectStore,
    DR_REALM_ACCESS_KEY: secrets.realmAccessKey,
    DR_REALM_SECRET_KEY: secrets.realmSecretKey,
    DR_EXTERNAL_URL: harbor.externalUrl,
    DR_PEER_HARBOR_ADDRESS: other.harbor,
  };
}
