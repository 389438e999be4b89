/** What render found: the shape of `--json`, and what the Markdown is made of. */
import { checkFlip, checkSites, checkStack, type RuleConfiguration, type Violation } from "../../policies/check.ts";
import type { Enforcement, Rule } from "../../policies/rule.ts";
import { peerOf, type Role, roleOf, SITES, type Site } from "../../sites.ts";
import { compare, type ResourceChange } from "./compare.ts";
import type { Tree, View } from "./views.ts";

/** One broken rule, and the views in which it is broken. */
export type SeenViolation = Omit<Violation, "urn"> & { readonly where: readonly string[] };

export interface Report {
  /** Raised when a field changes its meaning or goes away. */
  readonly version: 1;
  readonly base: { readonly ref: string; readonly commit: string; readonly failed?: string };
  /** The site that serves, as the working tree has it committed. */
  readonly activeSite: Site;
  /** What the change does to each site in each role. */
  readonly changes: Readonly<Record<Site, Readonly<Record<Role, readonly ResourceChange[]>>>>;
  /** Encrypted configuration values that differ, as "stack key". */
  readonly changedSecrets: readonly string[];
  /** What a flip would do to each site, with the change. */
  readonly flip: {
    readonly to: Site;
    readonly sites: Readonly<
      Record<Site, { readonly from: Role; readonly to: Role; readonly changes: readonly ResourceChange[] }>
    >;
  };
  readonly violations: readonly SeenViolation[];
}

export interface ReportArgs {
  readonly ref: string;
  readonly commit: string;
  readonly base: { readonly tree: Tree } | { readonly failed: string };
  readonly head: Tree;
  readonly rules: readonly Rule[];
  readonly configuration: RuleConfiguration;
}

const ROLES = ["active", "standby"] as const satisfies readonly Role[];

export function reportOf({ ref, commit, base, head, rules, configuration }: ReportArgs): Report {
  const { activeSite } = head;
  const to = peerOf(activeSite);
  // Without a base nothing can be said about the change, and nothing is made up.
  const old = "tree" in base ? base.tree : head;
  const changes = bySite((site) => {
    const inRole = (role: Role) => compare(viewIn(old, site, role).resources, viewIn(head, site, role).resources);
    return { active: inRole("active"), standby: inRole("standby") };
  });
  const flip = bySite((site) => {
    const [now, then] = [view(head, site, activeSite), view(head, site, to)];
    return { from: now.role, to: then.role, changes: compare(now.resources, then.resources) };
  });
  return {
    version: 1,
    base: { ref, commit, ...("failed" in base ? { failed: base.failed } : {}) },
    activeSite,
    changes,
    changedSecrets: changedKeys(old.ciphertexts, head.ciphertexts),
    flip: { to, sites: flip },
    violations: violationsOf(head, rules, configuration),
  };
}

/** True when some broken rule must stop the change. */
export function isRefused({ violations }: Report): boolean {
  const stopping: Enforcement = "mandatory";
  return violations.some(({ enforcement }) => enforcement === stopping);
}

function bySite<Value>(value: (site: Site) => Value): Readonly<Record<Site, Value>> {
  return { primary: value("primary"), secondary: value("secondary") };
}

function view({ views }: Tree, site: Site, activeSite: Site): View {
  const found = views.find((each) => each.site === site && each.activeSite === activeSite);
  if (found === undefined) throw new Error(`the program was not run for ${site} with activeSite ${activeSite}`);
  return found;
}

function viewIn(tree: Tree, site: Site, role: Role): View {
  return view(tree, site, SITES.find((activeSite) => roleOf(site, activeSite) === role) ?? site);
}

function changedKeys(before: Tree["ciphertexts"], after: Tree["ciphertexts"]): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.filter((key) => before[key] !== after[key]);
}

/** Every rule in every view, each violation once with all the places where it occurs. */
function violationsOf(tree: Tree, rules: readonly Rule[], configuration: RuleConfiguration): SeenViolation[] {
  const found: [string, Violation][] = [];
  const note = (where: string, violations: readonly Violation[]) => {
    for (const violation of violations) found.push([where, violation]);
  };
  for (const activeSite of SITES) {
    const [primary, secondary] = [view(tree, "primary", activeSite), view(tree, "secondary", activeSite)];
    note(`primary ${primary.role}`, checkStack(rules, primary, configuration));
    note(`secondary ${secondary.role}`, checkStack(rules, secondary, configuration));
    note(`both sites, ${activeSite} active`, checkSites(rules, primary, secondary, configuration));
  }
  for (const site of SITES) {
    for (const role of ROLES) {
      const other: Role = role === "active" ? "standby" : "active";
      const flipped = checkFlip(rules, viewIn(tree, site, role), viewIn(tree, site, other), configuration);
      note(`${site}, ${role} to ${other}`, flipped);
    }
  }
  const merged = new Map<string, SeenViolation>();
  for (const [where, { urn, ...violation }] of found) {
    const key = JSON.stringify([urn.slice(urn.indexOf("::")), violation]);
    const places = merged.get(key)?.where ?? [];
    merged.set(key, { ...violation, where: places.includes(where) ? places : [...places, where] });
  }
  return [...merged.values()];
}
