/** The committed configuration, as the engine merges and hands it over. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Configuration, PROJECT, parseConfiguration } from "../config.ts";
import type { Site } from "../sites.ts";

/** The committed configuration of a site's stack: full key to text. */
export function committedConfiguration(site: Site): Record<string, string> {
  const project = parse(readFileSync("Pulumi.yaml", "utf8")) as {
    config: Record<string, { default?: unknown; value?: unknown }>;
  };
  const stack = parse(readFileSync(`Pulumi.${site}.yaml`, "utf8")) as { config: Record<string, unknown> };
  const shared = Object.entries(project.config).map(([key, { default: fallback, value }]) => [key, value ?? fallback]);
  const entries = [...shared, ...Object.entries(stack.config)].map(([key, value]) => [
    String(key).includes(":") ? String(key) : `${PROJECT}:${key}`,
    asText(value),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** A configuration value as the engine hands it over. */
export function asText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a test changes in the committed configuration. */
export interface Change {
  readonly site?: Site;
  /** Further keys, without the project's name; structures as objects. `undefined` takes a key away. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Those of `values` that are encrypted. */
  readonly secretKeys?: readonly string[];
  /** Name of the stack; the site's when absent. */
  readonly stack?: string;
}

/** The checked configuration of a site, with changes. */
export function configurationOf({
  site = "primary",
  values = {},
  secretKeys = [],
  stack = site,
}: Change): Configuration {
  const raw = committedConfiguration(site);
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) delete raw[`${PROJECT}:${key}`];
    else raw[`${PROJECT}:${key}`] = asText(value);
  }
  const encrypted = new Set(secretKeys.map((key) => `${PROJECT}:${key}`));
  return parseConfiguration({ values: raw, isSecret: (key) => encrypted.has(key) }, stack);
}

/** A committed structured value with some of its own keys changed, one level down for each key of `changes`. */
export function changed(key: string, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const committed = JSON.parse(committedConfiguration("primary")[`${PROJECT}:${key}`] ?? "{}") as Record<
    string,
    unknown
  >;
  return merged(committed, changes);
}

function merged(base: Record<string, unknown>, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(changes).map(([key, value]) => {
    const below = base[key];
    return [key, isRecord(below) && isRecord(value) ? merged(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(entries) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
