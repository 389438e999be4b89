/**
 * What a change of inputs does to a Kubernetes object: which fields differ from what was last seen of it, and which
 * of them cannot be changed in place. The table of such fields is the genuine plugin's behaviour, Secrets and
 * ConfigMaps included: their data is replaced, not changed, unless the provider option says otherwise.
 */
import { annotation, type Checkpoint, identityOf, normalized, pruned } from "./kubernetesObject.ts";
import type { Changes } from "./provider.ts";
import { changesBetween, withReplacement } from "./rules.ts";
import { isProperties, type Properties } from "./values.ts";

const SELECTOR = ["spec.selector"];
const POD_MUTABLE = /^spec\.(activeDeadlineSeconds|tolerations|(initContainers|containers)\[\d+\]\.image)\b/;

/** Kind (of the group that has it built in) to the fields whose change replaces the object. */
const IMMUTABLE: Record<string, readonly string[]> = {
  "apps/DaemonSet": SELECTOR,
  "apps/Deployment": SELECTOR,
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "policy/PodDisruptionBudget": [],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
  "/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "/ResourceQuota": ["spec.scopes"],
  "/Service": ["spec.clusterIP"],
};

export interface Mutability {
  readonly secrets: boolean;
  readonly configMaps: boolean;
}

function immutableFields(object: Properties, mutability: Mutability): (path: string) => boolean {
  const { apiVersion, kind } = identityOf(object);
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
  const fields = ["metadata.name", "metadata.namespace", "kind"];
  if (apiVersion === "v1" && kind === "Secret") {
    fields.push("type");
    if (!mutability.secrets || object.immutable === true) fields.push("data", "stringData");
  } else if (apiVersion === "v1" && kind === "ConfigMap") {
    if (!mutability.configMaps || object.immutable === true) fields.push("data", "binaryData");
  } else {
    fields.push(...(IMMUTABLE[`${group}/${kind}`] ?? []));
  }
  const under = (path: string, field: string) =>
    path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
  const isPod = apiVersion === "v1" && kind === "Pod";
  return (path) =>
    fields.some((field) => under(path, field)) || (isPod && path.startsWith("spec.") && !POD_MUTABLE.test(path));
}

/** A Secret written with stringData is compared as data; the change is shown where the program wrote it. */
function asWritten(changes: Changes, news: Properties): Changes {
  if (news.stringData === undefined || news.data !== undefined) return changes;
  return Object.fromEntries(
    Object.entries(changes).map(([path, change]) => [path.replace(/^data(?=[.[]|$)/, "stringData"), change]),
  );
}

function ignored(path: string, ignoreChanges: readonly string[]): boolean {
  return ignoreChanges.some((field) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`));
}

export function diffObject(
  old: Checkpoint,
  news: Properties,
  options: { namespaced: boolean; mutability: Mutability; ignoreChanges: readonly string[] },
): { changes: Changes; deleteBeforeReplace: boolean } {
  const after = normalized(news);
  const before = pruned(old.live, normalized(old.inputs)) as Properties;
  const identity = identityOf(after);
  const live = identityOf(old.live);
  const place = (object: Properties, name: string, namespace: string): Properties => {
    const { namespace: _namespace, ...metadata } = isProperties(object.metadata) ? object.metadata : {};
    return {
      ...object,
      metadata: { ...metadata, name, ...(options.namespaced ? { namespace: namespace || "default" } : {}) },
    };
  };
  // An unknown name or namespace stays visible as a change; a missing one is what the object has.
  const afterMetadata = isProperties(after.metadata) ? after.metadata : {};
  const newName = typeof afterMetadata.name === "symbol" ? afterMetadata.name : identity.name;
  const placedAfter = place(after, identity.name, identity.namespace);
  if (isProperties(placedAfter.metadata)) placedAfter.metadata.name = newName;
  const raw = changesBetween(place(before, live.name, live.namespace), placedAfter);
  const relevant = Object.fromEntries(Object.entries(raw).filter(([path]) => !ignored(path, options.ignoreChanges)));
  const changes = asWritten(withReplacement(relevant, immutableFields(after, options.mutability)), news);
  const replaces = Object.values(changes).some((change) => change.replace);
  const sameName = identity.name !== "" && identity.name === live.name;
  const samePlace = !options.namespaced || (identity.namespace || "default") === (live.namespace || "default");
  const named = annotation(after, "autonamed") !== "true";
  return { changes, deleteBeforeReplace: replaces && named && sameName && samePlace };
}
