/**
 * Turns what the engine hands to a policy into records. Values that are not known yet throw when they
 * are touched, and a policy that throws is only a remark: so they become UNKNOWN here, and each rule
 * still says what it can. Secrets arrive unwrapped, so they are found by their value and hidden.
 */
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import { at, isObject, mapStrings, type ResourceRecord, SECRET, strings, TYPES, UNKNOWN } from "./record.ts";
import type { Stack } from "./stack.ts";

/** Shorter strings occur by chance, so they are never taken for a secret. */
const SHORTEST_SECRET = 8;

/** The record of one resource before it is created or updated. Its parent and dependencies are not known then. */
export function recordOfResource(args: ResourceValidationArgs): ResourceRecord {
  return { ...common(args), dependencies: [], read: false };
}

/**
 * The records of a whole stack. The engine shows each resource that a stack manages to the policies before
 * it is touched: one that is not among those, `registered` by URN, is only read.
 */
export function recordsOfStack(resources: readonly PolicyResource[], registered: ReadonlySet<string>): Stack {
  const records = resources.map((resource) => ({
    ...common(resource),
    parent: resource.parent?.urn,
    read: registered.size > 0 && !registered.has(resource.urn),
    dependencies: [...resource.dependencies, ...Object.values(resource.propertyDependencies).flat()].map(
      ({ urn }) => urn,
    ),
  }));
  const secrets = secretValues(records);
  const hide = (text: string) => secrets.reduce((hidden, secret) => hidden.replaceAll(secret, SECRET), text);
  return {
    resources: records.map((record) => ({
      ...record,
      props: mapStrings(record.props, hide) as ResourceRecord["props"],
    })),
  };
}

function common({ urn, type, name, props, opts }: Pick<PolicyResource, "urn" | "type" | "name" | "props" | "opts">) {
  return {
    urn,
    type,
    name,
    props: known(props) as ResourceRecord["props"],
    protect: opts.protect,
    deleteBeforeReplace: opts.deleteBeforeReplace ?? false,
    replaceOnChanges: [],
  };
}

/** A plain copy, with UNKNOWN where touching a value throws. */
function known(value: unknown): unknown {
  if (!isObject(value) && !Array.isArray(value)) return value;
  const copy = Object.keys(value).map((key) => {
    try {
      return [key, known((value as Record<string, unknown>)[key])] as const;
    } catch {
      return [key, UNKNOWN] as const;
    }
  });
  return Array.isArray(value) ? copy.map(([, item]) => item) : Object.fromEntries(copy);
}

/** Every value that stands in a Secret, longest first so that none is hidden only in part. */
function secretValues(records: readonly ResourceRecord[]): string[] {
  const inSecrets = records
    .filter(({ type }) => type === TYPES.secret)
    .flatMap(({ props }) => [
      ...strings(at(props, "stringData")),
      ...strings(at(props, "data")).map(({ path, value }) => ({
        path,
        value: Buffer.from(value, "base64").toString(),
      })),
    ])
    .filter(({ path }) => path !== "username");
  const values = inSecrets
    .map(({ value }) => value)
    .filter((value) => value.length >= SHORTEST_SECRET && value !== UNKNOWN);
  return [...new Set(values)].sort((one, other) => other.length - one.length);
}
