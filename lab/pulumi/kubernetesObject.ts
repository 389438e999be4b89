/**
 * Between Pulumi's property values and Kubernetes objects: what is kept in state, what of it is secret, and which
 * part of a live object is ours to compare.
 */
import {
  hasSecret,
  isProperties,
  type JsonObject,
  type Properties,
  reveal,
  Secret,
  toJson,
  type Value,
} from "./values.ts";

const INPUTS = "__inputs";
const FIELD_MANAGER = "__fieldManager";
const INITIAL_API_VERSION = "__initialApiVersion";
const SERVER_METADATA = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

export interface Identity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

export function metadataOf(object: Properties): Properties {
  return isProperties(object.metadata) ? object.metadata : {};
}

export function annotation(object: Properties, name: string): string | undefined {
  const annotations = metadataOf(object).annotations;
  const value = isProperties(annotations) ? annotations[`pulumi.com/${name}`] : undefined;
  return typeof value === "string" ? value : undefined;
}

export function identityOf(properties: Properties): Identity {
  const object = reveal(properties) as Properties;
  const metadata = metadataOf(object);
  const text = (value: Value | undefined) => (typeof value === "string" ? value : "");
  return {
    apiVersion: text(object.apiVersion),
    kind: text(object.kind),
    name: text(metadata.name),
    namespace: text(metadata.namespace),
  };
}

/** `namespace/name`, or `name` alone: the resource id. */
export function idOf(object: Properties): string {
  const { namespace, name } = identityOf(object);
  return namespace === "" ? name : `${namespace}/${name}`;
}

export function parseId(id: string): { namespace: string; name: string } {
  const [first = "", second] = id.split("/");
  return second === undefined ? { namespace: "", name: first } : { namespace: first, name: second };
}

export function isSecretKind(object: Properties): boolean {
  return object.kind === "Secret" && object.apiVersion === "v1";
}

/** Marks in `outs` what is secret in `ins`, and all data of a Secret whether or not the program said so. */
export function withSecrets(outs: Properties, ins: Properties): Properties {
  if (isSecretKind(outs)) {
    const marked = { ...outs };
    for (const key of ["data", "stringData"]) {
      const value = outs[key];
      if (value !== undefined && !(value instanceof Secret)) marked[key] = new Secret(value);
    }
    return marked;
  }
  const marked: Properties = {};
  for (const [key, out] of Object.entries(outs)) {
    const input = ins[key];
    if (isProperties(out) && isProperties(input)) marked[key] = withSecrets(out, input);
    else marked[key] = hasSecret(input) && !(out instanceof Secret) ? new Secret(out) : out;
  }
  return marked;
}

/** What is kept in state: the live object, the inputs that made it, and who we are to server-side apply. */
export function checkpoint(
  live: JsonObject,
  inputs: Properties,
  fieldManager: string,
  initialApiVersion: string,
): Properties {
  return {
    ...withSecrets(live, inputs),
    [INPUTS]: withSecrets(inputs, inputs),
    [FIELD_MANAGER]: fieldManager,
    [INITIAL_API_VERSION]: initialApiVersion,
  };
}

export interface Checkpoint {
  readonly live: Properties;
  readonly inputs: Properties;
  readonly fieldManager: string | undefined;
  readonly initialApiVersion: string | undefined;
}

export function parseCheckpoint(state: Properties): Checkpoint {
  const {
    [INPUTS]: inputs,
    [FIELD_MANAGER]: manager,
    [INITIAL_API_VERSION]: version,
    ...live
  } = reveal(state) as Properties;
  return {
    live,
    inputs: isProperties(inputs) ? inputs : {},
    fieldManager: typeof manager === "string" ? manager : undefined,
    initialApiVersion: typeof version === "string" ? version : undefined,
  };
}

/** The part of `live` that has the shape of `inputs`: what the server added beside it is not ours. */
export function pruned(live: Value, inputs: Value): Value {
  if (isProperties(live) && isProperties(inputs)) {
    const kept = Object.keys(live).filter((key) => inputs[key] !== undefined);
    return Object.fromEntries(kept.map((key) => [key, pruned(live[key] ?? null, inputs[key] ?? null)]));
  }
  if (Array.isArray(live) && Array.isArray(inputs)) {
    return inputs.slice(0, live.length).map((input, index) => pruned(live[index] ?? null, input));
  }
  return live;
}

/** Inputs as they are compared: nothing that only the server sets, and a Secret's stringData as the data it becomes. */
export function normalized(inputs: Properties): Properties {
  const object = reveal(inputs) as Properties;
  const metadata = metadataOf(object);
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !SERVER_METADATA.includes(key)));
  const result: Properties = { ...object, metadata: kept };
  if (!isSecretKind(result) || !isProperties(result.stringData)) return result;
  const { stringData, ...rest } = result;
  const encoded = Object.entries(stringData as Properties).map(([key, value]) => [
    key,
    typeof value === "string" ? Buffer.from(value).toString("base64") : value,
  ]);
  return { ...rest, data: { ...(isProperties(rest.data) ? rest.data : {}), ...Object.fromEntries(encoded) } };
}

/** A live object as the inputs of a program that declares it: for import. */
export function asInputs(live: JsonObject): Properties {
  const { status: _status, ...object } = live;
  const { metadata, ...rest } = normalized(object);
  const annotations = isProperties(metadata) && isProperties(metadata.annotations) ? { ...metadata.annotations } : {};
  delete annotations["kubectl.kubernetes.io/last-applied-configuration"];
  delete annotations["deployment.kubernetes.io/revision"];
  const { annotations: _all, ...own } = isProperties(metadata) ? metadata : {};
  return { ...rest, metadata: Object.keys(annotations).length > 0 ? { ...own, annotations } : own };
}

/** The object to send. Internal marks of the SDK stay behind. */
export function toObject(inputs: Properties): JsonObject {
  const object = toJson(inputs) as JsonObject;
  return Object.fromEntries(Object.entries(object).filter(([key]) => !key.startsWith("__")));
}
