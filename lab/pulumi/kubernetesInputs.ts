/** Checks and completes the inputs of a Kubernetes object: its name above all, which Pulumi makes up when none is given. */
import { createHash, randomBytes } from "node:crypto";
import { notInStandIn } from "./errors.ts";
import { annotation, metadataOf } from "./kubernetesObject.ts";
import type { Place } from "./provider.ts";
import { isProperties, type Properties, reveal, UNKNOWN } from "./values.ts";

/** Types that are no objects of the API server. */
const NOT_OBJECTS = /^kubernetes:(helm\.sh|yaml|kustomize|helm)/;
const AUTONAMED = "pulumi.com/autonamed";

function suffix(seed: Uint8Array): string {
  return seed.length > 0 ? createHash("sha256").update(seed).digest("hex").slice(0, 8) : randomBytes(4).toString("hex");
}

function withName(inputs: Properties, name: string): Properties {
  const metadata = metadataOf(inputs);
  const annotations = isProperties(metadata.annotations) ? metadata.annotations : {};
  return { ...inputs, metadata: { ...metadata, name, annotations: { ...annotations, [AUTONAMED]: "true" } } };
}

export function checkInputs(
  place: Place,
  olds: Properties,
  news: Properties,
  naming: { seed: Uint8Array; proposed: string; disabled: boolean },
): Properties {
  if (NOT_OBJECTS.test(place.type)) throw notInStandIn("kubernetes", `the resource type ${place.type}`);
  const inputs: Properties = { ...news };
  if (typeof inputs.kind !== "string" || typeof inputs.apiVersion !== "string") {
    throw new Error(`${place.type}: apiVersion and kind must be given as text`);
  }
  if (inputs.kind.endsWith("Patch") && place.type.endsWith(inputs.kind)) {
    throw notInStandIn("kubernetes", `patch resources such as ${place.type}`);
  }
  if (/^[A-Za-z]*List$/.test(inputs.kind) && inputs.items !== undefined) {
    throw new Error(
      "list resources exist for compatibility with YAML manifests and Helm charts, and cannot be created directly. Use the underlying resource type instead",
    );
  }
  const underscored = JSON.stringify(reveal(inputs), (_key, value) => (typeof value === "symbol" ? null : value)).match(
    /"(x_kubernetes_\w+)":/,
  );
  if (underscored) throw notInStandIn("kubernetes", `the spelling ${underscored[1]} of an x-kubernetes-* field`);
  const metadata = reveal(inputs.metadata ?? {});
  if (metadata === UNKNOWN) return inputs;
  const { name, generateName } = isProperties(metadata) ? metadata : {};
  if (name === UNKNOWN || (typeof name === "string" && name !== "")) return inputs;
  if (generateName !== undefined) {
    throw new Error("the `.metadata.generateName` field is not supported in Server-Side Apply mode");
  }
  const before = reveal(olds) as Properties;
  const oldName = metadataOf(before).name;
  if (annotation(before, "autonamed") === "true" && typeof oldName === "string") return withName(inputs, oldName);
  if (naming.disabled) throw new Error("autonaming is disabled, resource requires the .metadata.name field to be set");
  return withName(inputs, naming.proposed || `${place.name}-${suffix(naming.seed)}`);
}
