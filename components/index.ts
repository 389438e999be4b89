/** The components, for this program and for others that import `harbor-dr/components`. */
export { gate } from "./gate.ts";
export { Harbor, type HarborArgs } from "./harbor.ts";
export { ObjectStore, type ObjectStoreArgs } from "./objectStore.ts";
export { inOrder, ORDER } from "./order.ts";
export { PostgresCluster, type PostgresClusterArgs } from "./postgresCluster.ts";
export { Routing, type RoutingArgs } from "./routing.ts";
export { type SecretValues, SharedSecrets, type SharedSecretsArgs } from "./sharedSecrets.ts";
