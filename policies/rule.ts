/**
 * What a rule is: its name, why it exists, how bad a violation is, what to type, and checks that are pure
 * functions of plain records. A check answers with what it found, or that the rule does not apply.
 */
import type { ResourceRecord } from "./record.ts";
import type { Stack } from "./stack.ts";

/** How bad a violation is, in Pulumi's own words. */
export type Severity = "low" | "medium" | "high" | "critical";

/** Whether a violation stops the preview. `disabled` switches a rule off. */
export type Enforcement = "advisory" | "mandatory" | "disabled";

/** What a team may set differently. The type of a setting is that of its default. */
export type Settings = Readonly<Record<string, boolean | string | readonly string[]>>;

/** One thing that is not as it should be. */
export interface Finding {
  readonly resource: ResourceRecord;
  /** Dotted path of the property, or the option or relation that is wrong. */
  readonly property: string;
  /** What was seen, in words that may be shown: never a secret. */
  readonly value: string;
  /** Completes "it must be …". */
  readonly allowed: string;
}

/** What a check answers: findings (none means that the rule is kept), or why the rule does not apply. */
export type Outcome = readonly Finding[] | { readonly notApplicable: string };

/** One rule. At least one of the four checks is there. */
export interface Rule<Given extends Settings = Settings> {
  readonly name: string;
  readonly severity: Severity;
  /** One sentence: what must hold, and why. */
  readonly description: string;
  /** What to do about a violation. */
  readonly remediation: string;
  readonly defaults: Given;
  /** One sentence for each setting. */
  readonly about: { readonly [Name in keyof Given]: string };
  /** One resource alone: stops an update before the resource is touched. */
  readonly checkResource?: (resource: ResourceRecord, settings: Given) => Outcome;
  /** All of a stack: stops a preview. */
  readonly checkStack?: (stack: Stack, settings: Given) => Outcome;
  /** Both sites side by side: seen by render only, since the engine knows one stack at a time. */
  readonly checkSites?: (primary: Stack, secondary: Stack, settings: Given) => Outcome;
  /** One site in both roles: seen by render only, since the engine knows one role at a time. */
  readonly checkFlip?: (before: Stack, after: Stack, settings: Given) => Outcome;
}

/** Gives a rule the type that lists are made of, once its own settings are checked. */
export function defineRule<const Given extends Settings>(rule: Rule<Given>): Rule {
  return rule as unknown as Rule;
}

/** The sentence that a person reads: resource, value, rule, fix. The description stands beside it wherever it is shown. */
export function messageOf(rule: Rule, { resource, property, value, allowed }: Finding): string {
  return (
    `${resource.name} (${shortType(resource.type)}): ${property} is ${value}; it must be ${allowed}. ` +
    `Rule ${rule.name}. Fix: ${rule.remediation}`
  );
}

/** The last part of a type token. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(":") + 1);
}

/** A value as a message shows it: short and on one line. */
export function shown(value: unknown): string {
  if (value === undefined) return "absent";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The settings to use: the rule's defaults, and over them what a team has set. */
export function settingsOf(rule: Rule, given: Readonly<Record<string, unknown>>): Settings {
  const known = Object.entries(rule.defaults).map(([key, fallback]) => [key, given[key] ?? fallback]);
  return Object.fromEntries(known) as Settings;
}
