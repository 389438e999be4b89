/**
 * When an object of a built-in kind counts as ready, by the genuine plugin's rules. Kinds that are not here are
 * ready as soon as the API server has them, custom resources included.
 */
import { notInStandIn } from "./errors.ts";
import type { KubernetesApi } from "./kubernetesApi.ts";
import { isJsonObject, type Json, type JsonObject } from "./values.ts";

/** Undefined when ready, otherwise what is missing. Throws when it can never become ready. */
export type Readiness = (object: JsonObject, api: KubernetesApi) => Promise<string | undefined>;

/** How long a Service's endpoints must stay as they are before they count. */
const SETTLED_MS = 10_000;

function part(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}

function count(value: Json | undefined, fallback = 0): number {
  return typeof value === "number" ? value : fallback;
}

function condition(object: JsonObject, type: string): JsonObject | undefined {
  const conditions = part(object, "status").conditions;
  return (Array.isArray(conditions) ? conditions : []).filter(isJsonObject).find((each) => each.type === type);
}

function observed(object: JsonObject): boolean {
  return count(part(object, "status").observedGeneration) >= count(part(object, "metadata").generation);
}

function identity(object: JsonObject): { name: string; namespace: string } {
  const { name, namespace } = part(object, "metadata");
  return { name: String(name), namespace: typeof namespace === "string" ? namespace : "" };
}

async function deployment(object: JsonObject): Promise<string | undefined> {
  const status = part(object, "status");
  const wanted = count(part(object, "spec").replicas, 1);
  if (!observed(object)) return "waiting for the Deployment to be observed by its controller";
  if (condition(object, "Available")?.status !== "True") return "Minimum number of live Pods was not attained";
  const ready = count(status.updatedReplicas) >= wanted && count(status.readyReplicas) >= wanted;
  return ready && count(status.unavailableReplicas) === 0
    ? undefined
    : `Minimum number of Pods to consider the application live was not attained (${count(status.readyReplicas)}/${wanted} Pods ready)`;
}

async function statefulSet(object: JsonObject): Promise<string | undefined> {
  const status = part(object, "status");
  const wanted = count(part(object, "spec").replicas, 1);
  if (!observed(object)) return "waiting for the StatefulSet to be observed by its controller";
  if (status.currentRevision !== status.updateRevision) return "StatefulSet controller failed to advance from revision";
  const ready = count(status.readyReplicas);
  return ready === wanted ? undefined : `${ready} out of ${wanted} replicas succeeded readiness checks`;
}

async function daemonSet(object: JsonObject): Promise<string | undefined> {
  const status = part(object, "status");
  const wanted = count(status.desiredNumberScheduled);
  if (!observed(object)) return "waiting for the DaemonSet to be observed by its controller";
  const ready = Math.min(count(status.numberReady), count(status.updatedNumberScheduled));
  return ready >= wanted ? undefined : `${ready} out of ${wanted} Pods are ready`;
}

async function job(object: JsonObject): Promise<string | undefined> {
  const failed = condition(object, "Failed");
  if (failed?.status === "True")
    throw new Error(
      `Job ${identity(object).name} failed: ${String(failed.reason ?? "")} ${String(failed.message ?? "")}`,
    );
  return condition(object, "Complete")?.status === "True" ? undefined : "Job has not completed";
}

async function pod(object: JsonObject): Promise<string | undefined> {
  if (part(object, "status").phase === "Succeeded" || condition(object, "Ready")?.status === "True") return undefined;
  const why = condition(object, "Ready") ?? condition(object, "PodScheduled");
  return `Pod is not ready (phase ${String(part(object, "status").phase)}) ${String(why?.message ?? "")}`.trim();
}

async function persistentVolume(object: JsonObject): Promise<string | undefined> {
  const phase = part(object, "status").phase;
  return phase === "Available" || phase === "Bound" ? undefined : `PersistentVolume has phase ${String(phase)}`;
}

async function persistentVolumeClaim(object: JsonObject, api: KubernetesApi): Promise<string | undefined> {
  const phase = part(object, "status").phase;
  if (phase === "Bound") return undefined;
  const name = part(object, "spec").storageClassName;
  if (typeof name === "string" && phase === "Pending") {
    const path = await api.pathOf("storage.k8s.io/v1", "StorageClass", "", name);
    const storageClass = await api.ask("GET", path).catch(() => ({}) as JsonObject);
    if (storageClass.volumeBindingMode === "WaitForFirstConsumer") return undefined;
  }
  return `PersistentVolumeClaim has phase ${String(phase)}`;
}

async function secret(object: JsonObject): Promise<string | undefined> {
  if (object.type !== "kubernetes.io/service-account-token") return undefined;
  return part(object, "data").token === undefined ? "waiting for the token of the service account" : undefined;
}

async function ingress(object: JsonObject): Promise<string | undefined> {
  const given = part(part(object, "status"), "loadBalancer").ingress;
  return Array.isArray(given) && given.length > 0
    ? undefined
    : "Ingress .status.loadBalancer field was not updated with a hostname/IP address";
}

/** Remembers since when the endpoints look as they do, so one per wait. */
function service(): Readiness {
  let seen = "";
  let since = 0;
  return async (object, api) => {
    const spec = part(object, "spec");
    const balancer = part(part(object, "status"), "loadBalancer").ingress;
    if (spec.type === "LoadBalancer" && !(Array.isArray(balancer) && balancer.length > 0)) {
      return "Service was not allocated an IP address; does your cloud provider support this?";
    }
    const selector = isJsonObject(spec.selector) ? Object.keys(spec.selector) : [];
    if (spec.type === "ExternalName" || spec.clusterIP === "None" || selector.length === 0) return undefined;
    const { name, namespace } = identity(object);
    const none =
      "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods";
    const endpoints = await api.ask("GET", await api.pathOf("v1", "Endpoints", namespace, name)).catch(() => undefined);
    if (!endpoints) return none;
    const now = JSON.stringify(endpoints.subsets ?? null);
    if (now !== seen) {
      seen = now;
      since = Date.now();
    }
    const subsets = (Array.isArray(endpoints.subsets) ? endpoints.subsets : []).filter(isJsonObject);
    if (subsets.some((subset) => Array.isArray(subset.notReadyAddresses) && subset.notReadyAddresses.length > 0))
      return none;
    return Date.now() - since >= SETTLED_MS ? undefined : "Waiting for the endpoints of the Service to settle";
  };
}

export interface Rule {
  readonly ready: Readiness;
  readonly seconds: number;
}

const TEN_MINUTES = 600;

export function readinessOf(apiVersion: string, kind: string): Rule | undefined {
  const rules: Record<string, Rule> = {
    "apps/v1/Deployment": { ready: deployment, seconds: TEN_MINUTES },
    "apps/v1/StatefulSet": { ready: statefulSet, seconds: TEN_MINUTES },
    "apps/v1/DaemonSet": { ready: daemonSet, seconds: TEN_MINUTES },
    "batch/v1/Job": { ready: job, seconds: TEN_MINUTES },
    "networking.k8s.io/v1/Ingress": { ready: ingress, seconds: TEN_MINUTES },
    "v1/Pod": { ready: pod, seconds: TEN_MINUTES },
    "v1/Secret": { ready: secret, seconds: TEN_MINUTES },
    "v1/Service": { ready: service(), seconds: TEN_MINUTES },
    "v1/PersistentVolume": { ready: persistentVolume, seconds: TEN_MINUTES / 2 },
    "v1/PersistentVolumeClaim": { ready: persistentVolumeClaim, seconds: TEN_MINUTES / 2 },
  };
  if (apiVersion === "v1" && (kind === "ReplicationController" || kind === "ResourceQuota")) {
    throw notInStandIn("kubernetes", `the wait for a ${kind}`);
  }
  return rules[`${apiVersion}/${kind}`];
}
