/**
 * Input rules of the small providers: which properties a resource type has, of which kind, and which must be given.
 * A property that is not in the table is refused by name, so that a program never relies on something that only
 * the genuine plugin does.
 */
import { notInStandIn } from "./errors.ts";
import type { Changes, Failure } from "./provider.ts";
import { equal, isProperties, type Properties, reveal, UNKNOWN, type Value } from "./values.ts";

export type Kind = "string" | "number" | "boolean" | "strings" | "map" | "any";
export interface Rule {
  readonly kind: Kind;
  readonly required?: true;
}
export type Rules = Readonly<Record<string, Rule>>;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The engine's spelling of a property path, for example `metadata.labels["app.kubernetes.io/name"]` or `list[0].x`. */
export function pathOf(parent: string, key: string | number): string {
  if (typeof key === "number") return `${parent}[${key}]`;
  if (!IDENTIFIER.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === "" ? key : `${parent}.${key}`;
}

function matches(kind: Kind, value: Value): boolean {
  if (value === UNKNOWN || kind === "any") return true;
  if (kind === "strings")
    return Array.isArray(value) && value.every((item) => typeof item === "string" || item === UNKNOWN);
  if (kind === "map") return isProperties(value);
  // Every other kind is spelt as typeof spells it.
  return typeof value === kind;
}

/** What is wrong with the inputs, in the words that the engine prints beside the resource. */
export function checkInputs(plugin: string, type: string, rules: Rules, inputs: Properties): Failure[] {
  const failures: Failure[] = [];
  for (const [property, value] of Object.entries(inputs)) {
    const rule = rules[property];
    // The SDK's own bookkeeping ("__defaults") is no input of the resource.
    if (property.startsWith("__")) continue;
    if (!rule) throw notInStandIn(plugin, `the property "${property}" of ${type}`);
    const plain = reveal(value);
    if (plain !== null && !matches(rule.kind, plain)) {
      failures.push({
        property,
        reason: `expected ${rule.kind === "strings" ? "a list of strings" : rule.kind}, got ${JSON.stringify(typeof plain)}`,
      });
    }
  }
  for (const [property, rule] of Object.entries(rules)) {
    if (rule.required && (inputs[property] === undefined || inputs[property] === null)) {
      failures.push({ property, reason: `Missing required property '${property}'` });
    }
  }
  return failures;
}

/** Leaf by leaf what differs between old and new inputs. A null counts as absent, as it does for the engine. */
export function changesBetween(olds: Value | undefined, news: Value | undefined, path = ""): Changes {
  const before = olds === undefined || olds === null ? undefined : reveal(olds);
  const after = news === undefined || news === null ? undefined : reveal(news);
  if (before === undefined) return after === undefined ? {} : { [path]: { kind: "add" } };
  if (after === undefined) return { [path]: { kind: "delete" } };
  if (isProperties(before) && isProperties(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return Object.assign({}, ...[...keys].map((key) => changesBetween(before[key], after[key], pathOf(path, key))));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const longest = before.length > after.length ? before : after;
    return Object.assign(
      {},
      ...longest.map((_, index) => changesBetween(before[index], after[index], pathOf(path, index))),
    );
  }
  return equal(before, after) ? {} : { [path]: { kind: "update" } };
}

export function withReplacement(changes: Changes, replaces: (path: string) => boolean): Changes {
  return Object.fromEntries(
    Object.entries(changes).map(([path, change]) => [path, replaces(path) ? { ...change, replace: true } : change]),
  );
}
