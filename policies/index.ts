/**
 * The policy pack: `pulumi preview --policy-pack policies`. Entry point; constructing a PolicyPack starts
 * a server, so nothing imports this file but the loader beside it.
 */
import { type Policies, PolicyPack } from "@pulumi/policy";
import { recordOfResource, recordsOfStack } from "./engineRecords.ts";
import { messageOf, type Outcome, type Rule, settingsOf } from "./rule.ts";
import { RULES } from "./rules.ts";

type Policy = Policies[number];
type Report = (message: string, urn?: string) => void;

/** What the stack manages, by URN: the engine shows it all, one by one, before it shows the stack as a whole. */
const registered = new Set<string>();

/** A rule's checks as the engine calls them. Those that need both sites or both roles are left to render. */
function policiesOf(rule: Rule): Policy[] {
  const { checkResource, checkStack } = rule;
  const common = {
    name: rule.name,
    description: rule.description,
    severity: rule.severity,
    remediationSteps: rule.remediation,
    enforcementLevel: "mandatory",
    configSchema: {
      properties: Object.fromEntries(
        Object.entries(rule.defaults).map(([key, value]) => [key, schemaOf(rule, key, value)]),
      ),
    },
  } as const;
  if (checkStack !== undefined) {
    return [
      {
        ...common,
        validateStack: (args, report) => {
          const settings = settingsOf(rule, args.getConfig<Record<string, unknown>>());
          conclude(rule, checkStack(recordsOfStack(args.resources, registered), settings), report, args.notApplicable);
        },
      },
    ];
  }
  if (checkResource !== undefined) {
    return [
      {
        ...common,
        validateResource: (args, report) => {
          const settings = settingsOf(rule, args.getConfig<Record<string, unknown>>());
          registered.add(args.urn);
          conclude(rule, checkResource(recordOfResource(args), settings), report, args.notApplicable);
        },
      },
    ];
  }
  return [];
}

function conclude(rule: Rule, outcome: Outcome, report: Report, notApplicable: (reason?: string) => never): void {
  if ("notApplicable" in outcome) notApplicable(outcome.notApplicable);
  else for (const finding of outcome) report(messageOf(rule, finding), finding.resource.urn);
}

function schemaOf(rule: Rule, key: string, value: Rule["defaults"][string]) {
  const description = rule.about[key] ?? key;
  if (typeof value === "boolean") return { type: "boolean", default: value, description } as const;
  if (typeof value === "string") return { type: "string", default: value, description } as const;
  return { type: "array", items: { type: "string" }, default: [...value], description } as const;
}

new PolicyPack("harbor-dr", {
  description: "Rules that keep two sites of one Harbor from both serving, and from losing what they hold.",
  policies: RULES.flatMap(policiesOf),
});
