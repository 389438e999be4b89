/** The counts of `npm test`: nothing that failed, crashed or got lost may look clean. */
import { describe, expect, it } from "vitest";
import { lastLine, type Report, sum, tallyOf } from "../tally.ts";

type FileResult = Report["testResults"][number];
const file = (name: string, status: string, ...tests: string[]): FileResult => ({
  name,
  status,
  assertionResults: tests.map((outcome) => ({ status: outcome })),
});
const report = (success: boolean, ...testResults: FileResult[]): Report => ({ success, testResults });

describe("tallyOf", () => {
  it("counts what passed, failed and was skipped on purpose", () => {
    const run = report(
      false,
      file("a", "failed", "passed", "failed", "skipped"),
      file("b", "passed", "passed", "todo"),
    );
    expect(tallyOf(run, ["a", "b"], 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it("counts a file that did not load as failed", () => {
    expect(tallyOf(report(false, file("a", "failed")), ["a"], 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it("counts tests that a failed hook kept from running as failed, not as skipped", () => {
    const run = report(false, file("a", "failed", "skipped", "skipped", "pending"));
    expect(tallyOf(run, ["a"], 1)).toEqual({ passed: 0, failed: 3, skipped: 0 });
  });

  it("counts a file that the run lost as failed", () => {
    expect(tallyOf(report(true, file("a", "passed", "passed")), ["a", "b"], 0)).toMatchObject({ passed: 1, failed: 1 });
  });

  it("counts a run without a report as failed, with all its files", () => {
    expect(tallyOf(undefined, ["a", "b", "c"], 137)).toMatchObject({ passed: 0, failed: 3 });
    expect(tallyOf(undefined, [], 1)).toMatchObject({ failed: 1 });
  });

  it.each([
    ["an error outside the tests", false, 1],
    ["a process that ended badly afterwards", true, 1],
    ["a process that was stopped at its limit", true, undefined],
  ])("is not clean after %s", (_, success, exitCode) => {
    expect(tallyOf(report(success, file("a", "passed", "passed")), ["a"], exitCode)).toMatchObject({ failed: 1 });
  });

  it("is clean when everything ran and passed", () => {
    expect(tallyOf(report(true, file("a", "passed", "passed")), ["a"], 0)).toEqual({
      passed: 1,
      failed: 0,
      skipped: 0,
    });
  });
});

describe("lastLine", () => {
  it.each([
    [{ passed: 3, failed: 0, skipped: 0 }, "3 passed, 0 failed"],
    [{ passed: 3, failed: 1, skipped: 2 }, "3 passed, 1 failed, 2 skipped"],
  ])("%j", (tally, line) => {
    expect(lastLine(tally)).toBe(line);
  });
});

it("adds stages up", () => {
  const stages = [
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 2, failed: 1, skipped: 4 },
  ];
  expect(sum(stages)).toEqual({ passed: 3, failed: 1, skipped: 4 });
});
