/** The components, for this program and for others that import `harbor-dr/components`. */
export { gate } from "./gate.ts";
export { Harbor, type HarborArgs } from "./harbor.ts";
export { externalHost, type HarborSettings, REGISTRY_USER } from "./harborSpec.ts";
export type { BucketAccess, DatabaseEndpoint } from "./interfaces.ts";
export {
  exportSecrets,
  harborSettings,
  importSecrets,
  objectStoreSettings,
  postgresSettings,
  redisSettings,
} from "./library.ts";
export { ObjectStore, type ObjectStoreArgs } from "./objectStore.ts";
export { bucketAccess, type ObjectStoreSettings, zoneName } from "./objectStoreSpecs.ts";
export { inOrder, ORDER } from "./order.ts";
export {
  databaseEndpoint,
  PostgresCluster,
  type PostgresClusterArgs,
  type PostgresSettings,
} from "./postgresCluster.ts";
export { Routing, type RoutingArgs } from "./routing.ts";
export { type SecretValues, SharedSecrets, type SharedSecretsArgs } from "./sharedSecrets.ts";
export type { StepContext } from "./step.ts";
