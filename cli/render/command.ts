/** `harbor-dr render`: what a change does to both sites in both roles, without cluster, credential or engine. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineCommand } from "citty";
import type { RuleConfiguration } from "../../policies/check.ts";
import { RULES } from "../../policies/rules.ts";
import { EXIT, ExitError } from "../exit.ts";
import { markdownOf } from "./markdown.ts";
import { isRefused, type Report, reportOf } from "./report.ts";
import { commitOf, startRunner, withTreeAt } from "./trees.ts";

export const render = defineCommand({
  meta: {
    name: "harbor-dr render",
    description:
      "Show what the change since a git reference does to both sites in both roles, and what a flip would do",
  },
  args: {
    base: { type: "string", required: true, valueHint: "ref", description: "branch, tag or commit to compare with" },
    json: { type: "boolean", description: "print the report as JSON instead of Markdown" },
    "policy-config": {
      type: "string",
      valueHint: "file",
      description: "JSON file as for pulumi --policy-pack-config: rule to enforcement, or to settings",
    },
    project: { type: "string", default: ".", valueHint: "folder", description: "folder with Pulumi.yaml" },
  },
  run: async ({ args }) => {
    const folder = resolve(args.project);
    const configuration = readConfiguration(args["policy-config"]);
    const begun = performance.now();
    const report = await rendered(folder, args.base, configuration);
    process.stdout.write(args.json ? `${JSON.stringify(report, undefined, 2)}\n` : markdownOf(report));
    const count = report.violations.length;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    process.stderr.write(`rendered both sites in both roles in ${seconds} s; policy violations: ${count}\n`);
    if (isRefused(report)) process.exitCode = EXIT.refused;
  },
});

/** The working tree's program runs while git unpacks the base. When it does not run, the base is of no interest. */
async function rendered(folder: string, ref: string, configuration: RuleConfiguration): Promise<Report> {
  const commit = await commitOf(folder, ref);
  const runner = startRunner();
  const runHead = async () => {
    const head = await runner.run(folder);
    if ("failed" in head) runner.end();
    return head;
  };
  try {
    const [head, base] = await Promise.all([runHead(), withTreeAt(folder, commit, runner.run)]);
    if ("failed" in head) throw new ExitError(EXIT.failed, `the program in ${folder} does not run:\n${head.failed}`);
    if ("failed" in base) process.stderr.write(`the program at ${ref} does not run: ${base.failed}\n`);
    return reportOf({ ref, commit, base, head: head.tree, rules: RULES, configuration });
  } finally {
    runner.end();
  }
}

function readConfiguration(file: string | undefined): RuleConfiguration {
  if (file === undefined) return {};
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(
      EXIT.usage,
      `--policy-config ${file}: ${why}. It must be a JSON file such as {"database-tls": "advisory"}`,
    );
  }
  const known = ["all", ...RULES.map(({ name }) => name)];
  const unknown = Object.keys(given as object).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ExitError(
      EXIT.usage,
      `--policy-config ${file}: unknown rule ${unknown.join(", ")}. Known: ${known.join(", ")}`,
    );
  }
  return given as RuleConfiguration;
}
