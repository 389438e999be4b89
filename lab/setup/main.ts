/** `npm run setup`: makes this machine ready for the lab. */
import { elapsedReport } from "./report.ts";
import { setup } from "./setup.ts";

const report = elapsedReport();
try {
  await setup(report);
  report("set up; next: npm run lab -- up, or npm run demo");
} catch (thrown) {
  process.stderr.write(`\n${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
