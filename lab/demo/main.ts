/**
 * `npm run demo`: from a fresh clone to a failover that was seen to work.
 *
 *   --report FILE   writes what was measured as JSON
 *   --keep          leaves the lab up
 *
 * Exit 0 when everything acknowledged is accounted for and every step was proved, 1 when not, 2 on wrong usage.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { down } from "../lab.ts";
import { labLayout } from "../layout.ts";
import { prepareEngine } from "../pulumi/engine.ts";
import { elapsedReport } from "../setup/report.ts";
import { setup } from "../setup/setup.ts";
import { messageOf } from "../wait.ts";
import { failover } from "./failover.ts";
import { failuresOf, summaryOf } from "./report.ts";

function options(): { report?: string; keep?: boolean } {
  try {
    return parseArgs({ options: { report: { type: "string" }, keep: { type: "boolean" } } }).values;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\nUsage: npm run demo -- [--report FILE] [--keep]\n`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  const { report: file, keep = false } = options();
  const report = elapsedReport();
  const lab = labLayout();
  await setup(report);
  await down(lab, report);
  const leave = async () => {
    if (keep) report(`the lab is still up; take it down with: npm run lab -- down`);
    else await down(lab, report);
  };
  process.once("SIGINT", () => void leave().finally(() => process.exit(130)));
  try {
    const engine = await prepareEngine({ home: join(lab.dir, "pulumi"), report });
    const measured = await failover(lab, engine, report);
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(measured, undefined, 2)}\n`);
    process.stdout.write(`\n${summaryOf(measured)}\n`);
    const failures = failuresOf(measured);
    for (const failure of failures) process.stdout.write(`FAILED: ${failure}\n`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    await leave();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  },
);
