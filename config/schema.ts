/**
 * Every configuration key: its shape, its default, and the sentence that says what is allowed.
 *
 * The sentence is read in three places: by the error when a value is refused, by the generated
 * reference in docs/, and by whoever edits this file. Values that both sites share live in
 * Pulumi.yaml; only `site`, `kubeconfig` and `kubeContext` differ by stack.
 */
import { z } from "zod";
import { SITES } from "../sites.ts";
import { harborSchema } from "./harborSchema.ts";
import { routing } from "./routingSchema.ts";
import { allowed, host, kubernetesName, port, quantity, seconds } from "./values.ts";

const siteAddress = z.strictObject({
  address: host.describe(
    "host name or IP address at which the other site reaches this one (a node, or a load balancer)",
  ),
  databaseHost: host.optional().describe("address of the PostgreSQL service, where it differs from `address`"),
  databasePort: port
    .default(31661)
    .describe("port of the PostgreSQL service; with NodePort a number from 30000 to 32767"),
  objectStoreHost: host.optional().describe("address of the object gateway, where it differs from `address`"),
  objectStorePort: port
    .default(31480)
    .describe("port of the object gateway; with NodePort a number from 30000 to 32767"),
  harborHost: host.optional().describe("address of the site's Harbor entry, where it differs from `address`"),
  harborPort: port.default(443).describe("port of the site's Harbor entry, as clients reach it"),
});

const replicationService = z.enum(["NodePort", "LoadBalancer", "ClusterIP"]);

const postgres = z.strictObject({
  cluster: kubernetesName
    .default("acid-harbor")
    .describe("name of the postgresql resource: the team id in lower case, a hyphen, a name"),
  teamId: allowed(/^[A-Za-z][A-Za-z0-9]*$/, "letters and digits, as the operator knows the team")
    .default("ACID")
    .describe("team id of the PostgreSQL operator"),
  version: z
    .enum(["14", "15", "16"])
    .default("16")
    .describe("PostgreSQL major version: Harbor 2.12 takes 14, Harbor 2.14 takes 15 or 16"),
  instances: z.int().min(1).max(9).default(2).describe("instances while active, 1 to 9; a standby always has 1"),
  database: allowed(/^[a-z][a-z0-9_]*$/, "lower-case letters, digits and underscores")
    .default("registry")
    .describe("name of Harbor's database"),
  user: allowed(/^[a-z][a-z0-9_]*$/, "lower-case letters, digits and underscores")
    .default("harbor")
    .describe("database user that owns it"),
  volumeSize: quantity.default("50Gi").describe("size of each instance's volume"),
  storageClass: kubernetesName.optional().describe("storage class of the volumes; the cluster's default when absent"),
  service: replicationService
    .default("NodePort")
    .describe("how the other site reaches the database; the same on both sites"),
  maxSlotWalKeepSize: allowed(/^\d+(MB|GB|TB)$/, "a size such as 10GB")
    .default("10GB")
    .describe("how much WAL an absent standby may hold back before it must be rebuilt"),
  parameters: z.record(z.string(), z.string()).default({}).describe("further PostgreSQL parameters, as strings"),
  cpu: quantity.default("500m").describe("CPU request of an instance"),
  memory: quantity.default("1Gi").describe("memory request and limit of an instance"),
  cpuLimit: quantity.default("2").describe("CPU limit of an instance"),
});

const objectStore = z.strictObject({
  namespace: kubernetesName.default("rook-ceph").describe("namespace of the Rook operator and of its toolbox"),
  realm: kubernetesName.default("harbor").describe("name of the multisite realm, the same on both sites"),
  zoneGroup: kubernetesName.default("harbor").describe("name of the zone group, the same on both sites"),
  store: kubernetesName.default("harbor").describe("name of the CephObjectStore, the same on both sites"),
  user: kubernetesName.default("harbor").describe("name of the object-store user, declared on the home site only"),
  bucket: allowed(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, "3 to 63 lower-case letters, digits and hyphens")
    .default("harbor")
    .describe("bucket of the images, made by the home site"),
  region: allowed(/^[a-z0-9-]+$/, "lower-case letters, digits and hyphens")
    .default("us-east-1")
    .describe("region that Harbor signs its requests to the bucket with"),
  gatewayPort: port.default(7480).describe("port of the gateway inside the cluster"),
  gatewayTargetPort: port
    .default(8080)
    .describe("port on which Rook's gateway pods listen: 8080, or gatewayPort where they use the host's network"),
  gatewayInstances: z.int().min(1).max(20).default(1).describe("gateways on each site, 1 to 20"),
  gatewayCpu: quantity.default("500m").describe("CPU request of a gateway"),
  gatewayCpuLimit: quantity.default("2").describe("CPU limit of a gateway"),
  gatewayMemory: quantity.default("1Gi").describe("memory request and limit of a gateway"),
  service: z.enum(["NodePort", "LoadBalancer"]).default("NodePort").describe("how the other site reaches the gateways"),
  poolSize: z.int().min(1).max(9).default(3).describe("copies of each object that a site keeps, 1 to 9"),
  failureDomain: allowed(/^[a-z]+$/, "a CRUSH bucket type such as host or osd")
    .default("host")
    .describe("across what the copies of an object are spread"),
  userKeys: z
    .enum(["provided", "generated"])
    .default("provided")
    .describe(
      "provided: Rook takes our keys (spec.keys, newer releases); generated: Rook makes them and we read them (older releases)",
    ),
});

const redis = z.strictObject({
  address: allowed(/^[^\s,]+:\d+(,[^\s,]+:\d+)*$/, "host:6379, or Sentinels h1:26379,h2:26379").describe(
    "the site's own Redis, under the same name on both sites",
  ),
  sentinelMasterSet: z.string().min(1).optional().describe("name of the master set, when the address lists Sentinels"),
  existingSecret: kubernetesName
    .optional()
    .describe("Secret with the password, in Harbor's namespace, the same on both sites"),
  existingSecretKey: z.string().min(1).default("REDIS_PASSWORD").describe("key of that Secret"),
  tls: z.boolean().default(false).describe("true when Redis speaks TLS"),
});

const timeouts = z.strictObject({
  gateSeconds: seconds(1, 600).default(30).describe("how long the gate may probe the other site"),
  databaseSeconds: seconds(5, 7200).default(600).describe("how long the database may take to prove its role"),
  objectStoreSeconds: seconds(5, 7200).default(900).describe("how long the object store may take to prove its role"),
  harborSeconds: seconds(5, 7200).default(600).describe("how long Harbor may take to start, or to be gone"),
  routingSeconds: seconds(5, 7200)
    .default(300)
    .describe("how long the external name may take to point at this site, caches of the old answer included"),
});

/** The keys that are not secrets. */
export const settingsSchema = z.strictObject({
  site: z.enum(SITES).describe("primary or secondary: which site this stack is, fixed for ever"),
  activeSite: z.enum(SITES).describe("primary or secondary: the site that serves clients"),
  kubeconfig: z.string().min(1).optional().describe("path of the kubeconfig file; kubectl's own rules when absent"),
  kubeContext: z.string().min(1).optional().describe("context of the site's cluster; the current context when absent"),
  homeStack: z
    .string()
    .min(1)
    .optional()
    .describe("full name of the home site's stack, organization/project/stack; found by itself when absent"),
  namespace: kubernetesName.default("harbor").describe("namespace of Harbor, its database and their Secrets"),
  sites: z.strictObject({ primary: siteAddress, secondary: siteAddress }).describe("where each site is reached"),
  harbor: harborSchema.describe("the Harbor resource"),
  postgres: postgres.prefault({}).describe("the PostgreSQL cluster"),
  objectStore: objectStore.prefault({}).describe("the Rook-Ceph object store"),
  redis: redis.describe("the site's own Redis, which is not replicated"),
  routing: routing.prefault({ type: "none" }).describe("how the external address follows the active site"),
  timeouts: timeouts.prefault({}).describe("limits of the steps"),
  rerun: z.coerce.number().int().min(0).default(0).describe("a whole number; raise it to run every step again"),
});

/** Everything that is configured but not secret, checked and with defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;
