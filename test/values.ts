/** Reads values that may be late or secret: what an output resolves to, and which leaves are marked. */
import * as pulumi from "@pulumi/pulumi";

/** By these two constants the SDK marks a secret on the wire, and so in the inputs that mocks see. */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Whether a value from the wire is marked secret. */
export function isMarked(value: unknown): boolean {
  return isRecord(value) && value[MARK] === SECRET;
}

/** A value from the wire without its secret marks. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isRecord(value)) return value;
  if (isMarked(value)) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, plain(below)]));
}

/** What a value resolves to, outputs and promises inside it included. Resources stay themselves. */
export async function settled(value: unknown): Promise<unknown> {
  if (pulumi.Output.isInstance(value)) return settled(await promiseOf(value));
  if (value instanceof Promise) return settled(await value);
  if (pulumi.Resource.isInstance(value)) return value;
  if (Array.isArray(value)) return Promise.all(value.map(settled));
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(async ([key, below]) => [key, await settled(below)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Paths of every leaf that is marked secret, or lies inside a value that is. Sorted. */
export async function secretPaths(value: unknown, path: readonly string[] = [], marked = false): Promise<string[]> {
  if (pulumi.Output.isInstance(value)) {
    const secret = marked || (await pulumi.isSecret(value));
    return secretPaths(await promiseOf(value), path, secret);
  }
  if (value instanceof Promise) return secretPaths(await value, path, marked);
  if (pulumi.Resource.isInstance(value)) return [];
  if (Array.isArray(value) || isRecord(value)) {
    const below = Object.entries(value).map(([key, child]) => secretPaths(child, [...path, key], marked));
    return (await Promise.all(below)).flat().sort();
  }
  return marked && value !== undefined ? [path.join(".")] : [];
}

/** Every text inside a value. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Every leaf of a value by its path, for comparing two records. */
export function leaves(value: unknown, path = ""): Map<string, unknown> {
  const nested = (Array.isArray(value) || isRecord(value)) && Object.keys(value).length > 0;
  if (!nested) return new Map([[path, value]]);
  const below = Object.entries(value).flatMap(([key, child]) => [
    ...leaves(child, path === "" ? key : `${path}.${key}`),
  ]);
  return new Map(below);
}

function promiseOf(output: pulumi.Output<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    pulumi.unsecret(output).apply(resolve);
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
