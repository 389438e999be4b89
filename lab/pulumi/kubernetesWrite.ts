/**
 * Creating, changing and deleting one object the way the genuine plugin does: create refuses what exists already,
 * update is a server-side apply under a field manager of our own whose conflicts are errors, and a preview is a dry
 * run of the same. Field validation is strict throughout, in which the stand-in is less forgiving than the original.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubernetesApi, NoMatch } from "./kubernetesApi.ts";
import { annotation, identityOf, toObject } from "./kubernetesObject.ts";
import { isJsonObject, type Json, type JsonObject, type Properties } from "./values.ts";

const APPLY = "application/apply-patch+yaml";
/** The manager that creates write as; the first update hands its fields over to the object's own manager. */
const CREATOR = "pulumi-kubernetes";
const CREATORS = [CREATOR, "pulumi-resource-kubernetes", "before-first-apply", "kubectl"];
/** Pauses between tries of a create whose namespace or definition may still be on its way. */
const RETRY_SECONDS = [1, 2, 4, 8, 16];

const ALREADY_EXISTS_HELP = `The resource already exists in the cluster. This can happen when:

  - Renaming a Pulumi resource: use an alias to preserve the identity,
    or use deleteBeforeReplace if the resource needs replacement.
  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)
    to manage specific fields without owning the resource lifecycle.
  - Adopting a resource into Pulumi: use \`pulumi import\`. Note that
    protected resources (e.g. kube-system) cannot be deleted on destroy.
  - Intentional upsert: set upsertExistingObjects on the provider to allow
    server-side apply to update existing objects on create.`;
const CONFLICT_HELP =
  "server-side apply field conflict detected, see " +
  "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/" +
  "#handle-field-conflicts-on-existing-resources for troubleshooting help";

export interface Write {
  readonly api: KubernetesApi;
  readonly inputs: Properties;
  readonly fieldManager: string;
  readonly preview: boolean;
  readonly force: boolean;
  readonly signal: AbortSignal;
  readonly show: (line: string) => void;
}

/** The namespace is missing: in a preview it may be among what is going to be created. */
export function isMissingNamespace(problem: unknown): boolean {
  return problem instanceof ApiError && problem.code === 404 && problem.details.kind === "namespaces";
}

export function isAlreadyThere(problem: unknown): boolean {
  return problem instanceof ApiError && problem.reason === "AlreadyExists";
}

function queryOf(write: Write, manager: string, force?: boolean): Record<string, string> {
  return {
    fieldManager: manager,
    fieldValidation: "Strict",
    ...(force === undefined ? {} : { force: String(force) }),
    ...(write.preview ? { dryRun: "All" } : {}),
  };
}

function wantsForce(write: Write): boolean {
  return write.force || annotation(write.inputs, "patchForce") === "true";
}

function explained(problem: unknown, manager: string): unknown {
  if (!(problem instanceof ApiError) || problem.code !== 409) return problem;
  return new Error(
    `${CONFLICT_HELP}\nThe resource managed by field manager ${JSON.stringify(manager)} had an apply conflict: ${problem.message}`,
  );
}

export async function createObject(write: Write, upsert: boolean): Promise<JsonObject> {
  const object = toObject(write.inputs);
  const { apiVersion, kind, name, namespace } = identityOf(write.inputs);
  const attempt = async (): Promise<JsonObject> => {
    if (upsert) {
      const path = await write.api.pathOf(apiVersion, kind, namespace, name);
      // Nothing of ours is there yet, so a preview of an upsert has nobody to conflict with.
      const query = queryOf(write, write.fieldManager, wantsForce(write) || write.preview);
      return write.api.ask("PATCH", path, { body: object, contentType: APPLY, query }).catch((problem: unknown) => {
        throw explained(problem, write.fieldManager);
      });
    }
    const path = await write.api.pathOf(apiVersion, kind, namespace);
    return write.api.ask("POST", path, { body: object, query: queryOf(write, CREATOR) });
  };
  for (const [index, pause] of [...RETRY_SECONDS, 0].entries()) {
    try {
      return await attempt();
    } catch (problem) {
      if (isAlreadyThere(problem) && !write.preview) {
        throw new Error(`${(problem as Error).message}\n\n${ALREADY_EXISTS_HELP}`);
      }
      const mayAppear = problem instanceof NoMatch || (problem instanceof ApiError && problem.code === 404);
      if (!mayAppear || write.preview || pause === 0 || write.signal.aborted) throw problem;
      write.show(`Retry #${index}; creation failed: ${problem.message}`);
      await sleep(pause * 1000);
    }
  }
  throw new Error(`creation of ${kind} ${name} was given up`);
}

export async function updateObject(write: Write, name: string, ignoreChanges: readonly string[]): Promise<JsonObject> {
  const { apiVersion, kind, namespace } = identityOf(write.inputs);
  const path = await write.api.pathOf(apiVersion, kind, namespace, name);
  let live = await write.api.ask("GET", path);
  const object = toObject(write.inputs);
  for (const field of ignoreChanges) keepLive(object, live, field.split("."));
  if (kind === "CustomResourceDefinition") {
    const resourceVersion = isJsonObject(live.metadata) ? (live.metadata.resourceVersion ?? "") : "";
    const metadata = { ...(isJsonObject(object.metadata) ? object.metadata : {}), resourceVersion };
    return write.api.ask("PUT", path, { body: { ...object, metadata }, query: queryOf(write, write.fieldManager) });
  }
  const created = managedFields(live).some(isCreators);
  if (created && !write.preview) live = await takeOver(write, path, live);
  const force = wantsForce(write) || (write.preview && created) || managedFields(live).length === 0;
  const query = queryOf(write, write.fieldManager, force);
  return write.api.ask("PATCH", path, { body: object, contentType: APPLY, query }).catch((problem: unknown) => {
    throw explained(problem, write.fieldManager);
  });
}

function managedFields(live: JsonObject): JsonObject[] {
  const entries = isJsonObject(live.metadata) ? live.metadata.managedFields : undefined;
  return Array.isArray(entries) ? entries.filter(isJsonObject) : [];
}

function isCreators(entry: JsonObject): boolean {
  return entry.operation === "Update" && entry.subresource === undefined && CREATORS.includes(String(entry.manager));
}

/** Without this a field that the program no longer sets would stay for ever, owned by the create. */
async function takeOver(write: Write, path: string, live: JsonObject): Promise<JsonObject> {
  const entries = managedFields(live);
  const own = entries.find((entry) => entry.operation === "Apply" && entry.manager === write.fieldManager);
  const theirs = entries.filter(isCreators);
  const fields = [own, ...theirs].reduce<JsonObject>(
    (all, entry) => merge(all, entry && isJsonObject(entry.fieldsV1) ? entry.fieldsV1 : {}),
    {},
  );
  const mine: JsonObject = { ...(own ?? theirs[0]), manager: write.fieldManager, operation: "Apply", fieldsV1: fields };
  const value: Json[] = [...entries.filter((entry) => entry !== own && !theirs.includes(entry)), mine];
  const resourceVersion = isJsonObject(live.metadata) ? (live.metadata.resourceVersion ?? "") : "";
  const body: Json[] = [
    { op: "replace", path: "/metadata/managedFields", value },
    { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
  ];
  return write.api.ask("PATCH", path, { body, contentType: "application/json-patch+json" });
}

function merge(left: JsonObject, right: JsonObject): JsonObject {
  const merged = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const other = merged[key];
    merged[key] = isJsonObject(other) && isJsonObject(value) ? merge(other, value) : value;
  }
  return merged;
}

/** An ignored field is sent as it is in the cluster, so that applying the rest changes nothing about it. */
function keepLive(object: JsonObject, live: JsonObject, [key = "", ...rest]: string[]): void {
  const ours = object[key];
  const theirs = live[key];
  if (rest.length > 0) {
    if (isJsonObject(ours) && isJsonObject(theirs)) keepLive(ours, theirs, rest);
  } else if (theirs === undefined) {
    delete object[key];
  } else {
    object[key] = theirs;
  }
}

/** True when there was something to delete; `uid` tells it from a later object of the same name. */
export async function deleteObject(api: KubernetesApi, path: string, inputs: Properties): Promise<string | undefined> {
  const policy = { orphan: "Orphan", foreground: "Foreground" }[
    annotation(inputs, "deletionPropagationPolicy")?.toLowerCase() ?? ""
  ];
  try {
    const live = await api.ask("GET", path);
    // The original's default is Foreground, which needs the garbage collector of a whole control plane; the lab's API
    // servers stand alone, and an object deleted that way would stay for ever.
    await api.ask("DELETE", path, {
      body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: policy ?? "Background" },
    });
    return isJsonObject(live.metadata) ? String(live.metadata.uid) : "";
  } catch (problem) {
    if (problem instanceof ApiError && problem.code === 404) return undefined;
    throw problem;
  }
}
