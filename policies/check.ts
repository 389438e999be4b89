/** Runs the rules over records, as render does. The policy pack leaves that to the engine. */
import {
  type Enforcement,
  type Finding,
  messageOf,
  type Outcome,
  type Rule,
  type Severity,
  settingsOf,
} from "./rule.ts";
import type { Stack } from "./stack.ts";

/** What a team sets differently, by rule: an enforcement alone, or settings beside it. The format of `--policy-pack-config`. */
export type RuleConfiguration = Readonly<Record<string, Enforcement | Readonly<Record<string, unknown>>>>;

/** One broken rule. */
export interface Violation {
  readonly rule: string;
  readonly severity: Severity;
  readonly enforcement: Exclude<Enforcement, "disabled">;
  readonly urn: string;
  readonly resource: string;
  readonly property: string;
  readonly value: string;
  readonly message: string;
}

/** Checks each resource alone, and then the stack as a whole. */
export function checkStack(rules: readonly Rule[], stack: Stack, given: RuleConfiguration = {}): Violation[] {
  return run(rules, given, (rule, settings) => [
    ...(rule.checkResource === undefined
      ? []
      : stack.resources.map((resource) => rule.checkResource?.(resource, settings) ?? [])),
    ...(rule.checkStack === undefined ? [] : [rule.checkStack(stack, settings)]),
  ]);
}

/** Checks what must be alike on both sites. */
export function checkSites(
  rules: readonly Rule[],
  primary: Stack,
  secondary: Stack,
  given: RuleConfiguration = {},
): Violation[] {
  return run(rules, given, (rule, settings) => [rule.checkSites?.(primary, secondary, settings) ?? []]);
}

/** Checks what a flip of one site would do. */
export function checkFlip(
  rules: readonly Rule[],
  before: Stack,
  after: Stack,
  given: RuleConfiguration = {},
): Violation[] {
  return run(rules, given, (rule, settings) => [rule.checkFlip?.(before, after, settings) ?? []]);
}

/** How strictly a rule is enforced, and its settings. */
export function ruleConfiguration(rule: Rule, given: RuleConfiguration) {
  const all = given.all;
  const own = given[rule.name];
  const settings = typeof own === "object" ? own : {};
  const enforcement = typeof own === "string" ? own : (settings.enforcementLevel ?? all ?? "mandatory");
  return { enforcement: enforcement as Enforcement, settings: settingsOf(rule, settings) };
}

function run(
  rules: readonly Rule[],
  given: RuleConfiguration,
  check: (rule: Rule, settings: Rule["defaults"]) => readonly Outcome[],
): Violation[] {
  return rules.flatMap((rule) => {
    const { enforcement, settings } = ruleConfiguration(rule, given);
    if (enforcement === "disabled") return [];
    const found = check(rule, settings).flatMap((outcome) => ("notApplicable" in outcome ? [] : outcome));
    return found.map((finding) => violationOf(rule, enforcement, finding));
  });
}

function violationOf(rule: Rule, enforcement: Violation["enforcement"], finding: Finding): Violation {
  const { resource, property, value } = finding;
  const { name, severity } = rule;
  const message = messageOf(rule, finding);
  return { rule: name, severity, enforcement, urn: resource.urn, resource: resource.name, property, value, message };
}
