/**
 * A team's own Pulumi program, for the same two sites, that takes three components from `harbor-dr` and
 * leaves the rest: its configuration has its own keys, its namespace its own name, and the name that
 * clients use is switched by the team's own load balancer, so there is no Routing.
 */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  bucketAccess,
  databaseEndpoint,
  exportSecrets,
  gate,
  Harbor,
  harborSettings,
  importSecrets,
  ObjectStore,
  objectStoreSettings,
  PostgresCluster,
  postgresSettings,
  REGISTRY_USER,
  redisSettings,
  SharedSecrets,
  type StepContext,
  zoneName,
} from "harbor-dr/components";
import { HOME_SITE, peerOf, roleOf, SITES, type Site } from "harbor-dr/sites";

const config = new pulumi.Config();
const choice = { allowedValues: [...SITES] };
const site = config.require<Site>("site", choice);
const peer = peerOf(site);
const role = roleOf(site, config.require<Site>("activeSite", choice));
const addresses = config.requireObject<Record<Site, string>>("addresses");
const namespace = config.get("namespace") ?? "registry";
const externalUrl = config.get("externalUrl") ?? "https://images.example.org";
const encrypted = externalUrl.startsWith("https:");
const entryPort = encrypted ? 443 : 80;
const timeoutSeconds = 600;

const postgres = postgresSettings({
  cluster: "acid-registry",
  version: config.get("postgresVersion") ?? "16",
  volumeSize: "100Gi",
  instances: 3,
});
const store = objectStoreSettings({
  realm: "registry",
  zoneGroup: "registry",
  bucket: "registry",
  poolSize: config.getNumber("copies") ?? 3,
  failureDomain: config.get("failureDomain") ?? "host",
});
const harborOf = harborSettings({
  version: "2.14.1",
  externalUrl,
  expose: { type: "loadBalancer" },
  tls: encrypted ? {} : { enabled: false, certSource: "none" },
  replicas: { core: 2, registry: 2 },
});
const redisName = config.get("redis") ?? "registry-redis";
const redis = redisSettings({ address: `${redisName}.${namespace}.svc:6379`, existingSecret: redisName });

const context: StepContext = {
  site,
  peer,
  role,
  kubeconfig: config.get("kubeconfig"),
  kubeContext: config.get("kubeContext"),
  rerun: config.getNumber("rerun") ?? 0,
};
const provider = new kubernetes.Provider("cluster", {
  ...(context.kubeconfig === undefined ? {} : { kubeconfig: context.kubeconfig }),
  ...(context.kubeContext === undefined ? {} : { context: context.kubeContext }),
  clusterIdentifier: `team-registry-${site}`,
});

// The home site makes the secrets; the other one takes them from its stack.
const home = site === HOME_SITE ? undefined : new pulumi.StackReference("home", { name: config.require("homeStack") });
const { values } = new SharedSecrets("secrets", {
  site,
  supplied: {},
  fromHome: home === undefined ? undefined : importSecrets(home, "secrets"),
  registryUser: REGISTRY_USER,
});

const common = { namespace, context, secrets: values, provider, timeoutSeconds };
const [database, objects] = [{ port: 31661 }, { port: 31480 }];
const endpointOf = (of: Site) => `http://${addresses[of]}:${objects.port}`;

// Nothing is promoted while the other site still answers as active.
const cleared = gate(context, 30, {
  DR_NAMESPACE: namespace,
  DR_CLUSTER: postgres.cluster,
  DR_PEER_DATABASE_HOST: addresses[peer],
  DR_PEER_DATABASE_PORT: String(database.port),
  DR_SUPERUSER_PASSWORD: values.databaseSuperuserPassword,
  DR_OBJECT_STORE_NAMESPACE: store.namespace,
  DR_REALM: store.realm,
  DR_ZONE: zoneName(store, site),
  DR_PEER_ZONE: zoneName(store, peer),
  DR_PEER_OBJECT_STORE_ENDPOINT: endpointOf(peer),
  DR_REALM_ACCESS_KEY: values.realmAccessKey,
  DR_REALM_SECRET_KEY: values.realmSecretKey,
  DR_EXTERNAL_URL: harborOf.externalUrl,
  DR_PEER_HARBOR_ADDRESS: `${addresses[peer]}:${entryPort}`,
});

type Before = readonly { readonly proof: pulumi.Resource }[];
const after = (before: Before) => cleared.apply(() => before.map(({ proof }) => proof));

const declareDatabase = (before: Before) =>
  new PostgresCluster("database", {
    ...common,
    settings: postgres,
    own: { host: addresses[site], port: database.port },
    peer: { host: addresses[peer], port: database.port },
    after: after(before),
  });
const declareStore = (before: Before) =>
  new ObjectStore("objects", {
    ...common,
    settings: store,
    port: objects.port,
    ownEndpoint: endpointOf(site),
    peerEndpoint: endpointOf(peer),
    after: after(before),
  });
const declareHarbor = (before: Before) =>
  new Harbor("registry", {
    ...common,
    settings: harborOf,
    database: databaseEndpoint(postgres, namespace),
    bucket: bucketAccess(store),
    redis,
    ownAddress: `${addresses[site]}:${entryPort}`,
    after: after(before),
  });

/** Promoted before Harbor starts, demoted after it has stopped. */
function declareAll(): readonly [PostgresCluster, ObjectStore, Harbor] {
  if (role === "active") {
    const first = declareDatabase([]);
    const second = declareStore([first]);
    return [first, second, declareHarbor([first, second])];
  }
  const stopped = declareHarbor([]);
  const first = declareDatabase([stopped]);
  return [first, declareStore([stopped, first]), stopped];
}

const [, , registry] = declareAll();

export const secrets = exportSecrets(values);
export const proofs = pulumi.all(registry.proved);
export { role, site };
