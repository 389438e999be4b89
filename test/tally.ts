/**
 * True counts out of vitest's JSON report. What did not run because something failed counts as failed, a file
 * that the run lost counts as failed, and a run that ended badly is never clean: only what was skipped on
 * purpose is skipped.
 */

/** Tests by outcome. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The part of vitest's JSON report that is read. */
export interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    /** The file's absolute path. */
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Counts added up. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (all, one) => ({
      passed: all.passed + one.passed,
      failed: all.failed + one.failed,
      skipped: all.skipped + one.skipped,
    }),
    NOTHING,
  );
}

/**
 * Counts one run of vitest.
 * @param report undefined when the run ended without one.
 * @param files absolute paths of every test file that should have run.
 */
export function tallyOf(report: Report | undefined, files: readonly string[], exitCode: number | undefined): Tally {
  if (report === undefined) return { ...NOTHING, failed: Math.max(1, files.length) };
  const seen = new Set(report.testResults.map(({ name }) => name));
  const lost = files.filter((file) => !seen.has(file)).length;
  const counted = sum([...report.testResults.map(tallyOfFile), { ...NOTHING, failed: lost }]);
  const unclean = !report.success || exitCode !== 0;
  return unclean && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}

function tallyOfFile({ status, assertionResults }: Report["testResults"][number]): Tally {
  const count = (...outcomes: string[]) => assertionResults.filter((test) => outcomes.includes(test.status)).length;
  const [passed, failed] = [count("passed"), count("failed")];
  const rest = assertionResults.length - passed - failed;
  if (status === "passed" || failed > 0) return { passed, failed, skipped: rest };
  // The file failed, and none of its tests: it did not load, or a hook failed and took its tests along.
  return { passed, failed: Math.max(1, rest), skipped: 0 };
}

/** The last line of `npm test`. */
export function lastLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
