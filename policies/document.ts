/** The rules as a page of the documentation, made from the constants so that neither can drift. */
import type { Rule } from "./rule.ts";
import { RULES } from "./rules.ts";

const INTRODUCTION = `# Policies

Rules that a change must keep. \`pulumi preview --policy-pack policies\` checks them in the engine, and
\`npx harbor-dr render --base <ref>\` without any cluster or credential; both run the same functions.
Rules that need both sites or both roles at once are checked by \`render\` alone, because the engine sees
one stack in one role.

A rule that looks at one resource stops an update before that resource is touched, and ends a preview
before the rules of the whole stack are asked. One that looks at the whole stack stops the preview;
\`pulumi up --skip-preview\` would tell of it only afterwards.

## To differ from the defaults

Every rule is mandatory. A JSON file makes one advice, switches it off, or gives it settings:

\`\`\`json
{
  "active-runs-all": { "exempt": ["trivy"] },
  "requests-and-limits": "advisory"
}
\`\`\`

\`\`\`sh
pulumi preview --policy-pack policies --policy-pack-config policy-config.json
npx harbor-dr render --base origin/main --policy-config policy-config.json
\`\`\`
`;

export function policiesDocument(rules: readonly Rule[] = RULES): string {
  const rows = rules.map((rule) =>
    row(`[\`${rule.name}\`](#${rule.name})`, rule.severity, checkedBy(rule), rule.description),
  );
  const table = [row("rule", "severity", "checked", "what must hold"), row("---", "---", "---", "---"), ...rows].join(
    "\n",
  );
  return [INTRODUCTION, "## The rules\n", `${table}\n`, ...rules.map(section)].join("\n");
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function checkedBy(rule: Rule): string {
  const places = [
    ...(rule.checkResource === undefined ? [] : ["each resource"]),
    ...(rule.checkStack === undefined ? [] : ["the stack"]),
    ...(rule.checkSites === undefined ? [] : ["both sites (render)"]),
    ...(rule.checkFlip === undefined ? [] : ["both roles (render)"]),
  ];
  return places.join(", ");
}

function section(rule: Rule): string {
  const settings = Object.entries(rule.defaults).map(
    ([key, fallback]) => `- \`${key}\` (default \`${JSON.stringify(fallback)}\`): ${rule.about[key] ?? ""}`,
  );
  const lines = [`### ${rule.name}`, rule.description, `To fix it: ${rule.remediation}`];
  return `${[...lines, ...(settings.length === 0 ? [] : [settings.join("\n")])].join("\n\n")}\n`;
}
