/** Every rule, kept, broken and not applicable, on the program's own records and small edits of them. */
import { beforeAll, describe, expect, test } from "vitest";
import { checkFlip, checkSites, checkStack, type RuleConfiguration, type Violation } from "../../policies/check.ts";
import { messageOf, type Outcome, type Rule, settingsOf } from "../../policies/rule.ts";
import { RULES } from "../../policies/rules.ts";
import { contentCases } from "./policyCases/contentCases.ts";
import { programViews, type RuleCases, type Subject, type Views } from "./policyCases/program.ts";
import { roleCases } from "./policyCases/roleCases.ts";
import { secretCases } from "./policyCases/secretCases.ts";
import { siteCases } from "./policyCases/siteCases.ts";
import { stateCases } from "./policyCases/stateCases.ts";

let views: Views;
let cases: ReadonlyMap<string, RuleCases>;

beforeAll(async () => {
  views = await programViews();
  const all = [
    ...roleCases(views),
    ...stateCases(views),
    ...siteCases(views),
    ...secretCases(views),
    ...contentCases(views),
  ];
  cases = new Map(all.map((each) => [each.rule.name, each]));
}, 60_000);

function check(rules: readonly Rule[], subject: Subject, configuration: RuleConfiguration = {}): Violation[] {
  if ("stack" in subject) return checkStack(rules, subject.stack, configuration);
  if ("sites" in subject) return checkSites(rules, ...subject.sites, configuration);
  return checkFlip(rules, ...subject.flip, configuration);
}

/** What the rule's own checks answer: one for each resource, or one for all. */
function outcomes(rule: Rule, subject: Subject): Outcome[] {
  const settings = settingsOf(rule, {});
  if ("sites" in subject) return [rule.checkSites?.(...subject.sites, settings) ?? []];
  if ("flip" in subject) return [rule.checkFlip?.(...subject.flip, settings) ?? []];
  const alone = subject.stack.resources.map((resource) => rule.checkResource?.(resource, settings) ?? []);
  return rule.checkStack === undefined ? alone : [rule.checkStack(subject.stack, settings)];
}

/** By name, and otherwise in the order in which they were found. */
function sorted<Item>(items: readonly Item[], name: (item: Item) => string): Item[] {
  return [...items].sort((one, other) => (name(one) < name(other) ? -1 : name(one) > name(other) ? 1 : 0));
}

describe.each(RULES.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  const own = (): RuleCases => {
    const found = cases.get(name);
    if (found === undefined) throw new Error(`${name} has no cases`);
    return found;
  };

  test("is kept without a word", () => {
    expect(own().kept.length).toBeGreaterThan(0);
    for (const subject of own().kept) {
      expect(check([rule], subject)).toEqual([]);
      expect(outcomes(rule, subject).some((outcome) => !("notApplicable" in outcome))).toBe(true);
    }
  });

  test("finds all that breaks it, and says resource, value, rule and fix", () => {
    expect(own().broken.length).toBeGreaterThan(0);
    for (const { title, subject, found: listed } of own().broken) {
      const violations = sorted(check([rule], subject), ({ resource }) => resource);
      const found = sorted(listed, ([resource]) => resource);
      expect(
        violations.map(({ resource, property, value }) => [resource, property, value]),
        title,
      ).toEqual(found.map((parts) => parts.slice(0, 3)));
      for (const [index, [resource, property, value, allowed]] of found.entries()) {
        const { message, severity } = violations[index] as Violation;
        expect(message).toMatch(new RegExp(`^${resource} \\(\\w+\\): `));
        expect(message).toContain(
          `: ${property} is ${value}; it must be ${allowed}. Rule ${name}. Fix: ${rule.remediation}`,
        );
        expect(severity).toBe(rule.severity);
      }
    }
  });

  test("does not apply where there is nothing to check, and says why", () => {
    for (const { subject, why } of own().notApplicable) {
      expect(new Set(outcomes(rule, subject).map((outcome) => JSON.stringify(outcome)))).toEqual(
        new Set([JSON.stringify({ notApplicable: why })]),
      );
      expect(check([rule], subject)).toEqual([]);
    }
    if (rule.checkFlip === undefined) expect(own().notApplicable.length).toBeGreaterThan(0);
  });

  test("follows a team's settings", () => {
    const configured = own().configured ?? [];
    expect(configured.length > 0).toBe(Object.keys(rule.defaults).length > 0);
    expect(Object.keys(rule.about)).toEqual(Object.keys(rule.defaults));
    for (const { settings, subject, found } of configured) {
      const violations = check([rule], subject, { [name]: settings });
      expect(violations.map(({ resource, property, value }) => [resource, property, value])).toEqual(
        found.map((parts) => parts.slice(0, 3)),
      );
    }
  });

  test("can be advice, or off", () => {
    const [first] = own().broken;
    const subject = first?.subject ?? { stack: { resources: [] } };
    expect(new Set(check([rule], subject, { [name]: "advisory" }).map(({ enforcement }) => enforcement))).toEqual(
      new Set(["advisory"]),
    );
    expect(check([rule], subject, { [name]: "disabled" })).toEqual([]);
    expect(check([rule], subject, { all: "disabled" })).toEqual([]);
    expect(check([rule], subject, { all: "disabled", [name]: { enforcementLevel: "mandatory" } })).not.toEqual([]);
  });
});

describe("the committed program", () => {
  test("breaks no rule, on either site, in either role, nor at a flip", () => {
    for (const { resources } of views.all) expect(checkStack(RULES, { resources })).toEqual([]);
    for (const role of ["active", "standby"] as const) {
      const other = role === "active" ? "standby" : "active";
      expect(checkSites(RULES, views.in("primary", role), views.in("secondary", other))).toEqual([]);
      for (const site of ["primary", "secondary"] as const) {
        expect(checkFlip(RULES, views.in(site, role), views.in(site, other))).toEqual([]);
      }
    }
  });

  test("breaks exactly the rules that an edit is about, with all rules in force", () => {
    const broken = [...cases.values()].flatMap(({ rule, broken: list }) =>
      list.flatMap(({ subject }) => check(RULES, subject).filter((violation) => violation.rule !== rule.name)),
    );
    const listed = broken.map(({ rule, resource, property }) => `${rule}: ${resource} ${property}`);
    // Two edits are about two rules: a standby that runs Harbor, and a published password in the values.
    expect([...new Set(listed)].sort()).toEqual([
      "harbor-after-proofs: harbor-registry dependsOn",
      "no-inline-credentials: harbor-registry spec.helmValues.registry.credentials.password",
    ]);
  });
});

describe("the list", () => {
  test("names each rule once, in the form that Pulumi accepts", () => {
    const names = RULES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/);
  });

  test("gives every rule a check and full sentences", () => {
    for (const rule of RULES) {
      expect(
        [rule.checkResource, rule.checkStack, rule.checkSites, rule.checkFlip].some((each) => each !== undefined),
      ).toBe(true);
      expect(rule.description).toMatch(/^[A-Z].*\.$/s);
      expect(rule.remediation).toMatch(/^[A-Z].*\.$/s);
    }
  });

  test("words a violation so that it can be acted upon", () => {
    const rule = RULES.find(({ name }) => name === "database-tls") as Rule;
    const resource = views.in("primary", "active").resources.find(({ name }) => name === "harbor-registry");
    if (resource === undefined) throw new Error("no Harbor");
    const finding = { resource, property: "spec.x", value: '"disable"', allowed: "require" };
    expect(messageOf(rule, finding)).toBe(
      'harbor-registry (Harbor): spec.x is "disable"; it must be require. Rule database-tls. ' +
        "Fix: Set helmValues.database.external.sslmode to require or stronger.",
    );
  });
});
