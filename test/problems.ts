/** What the configuration's loader says about a change to the committed configuration. */
import { ConfigurationError, type Problem } from "../config/problems.ts";
import { type Change, changed, configurationOf } from "./committed.ts";

/** A named change, and the one problem that it must be refused with. */
export type Case = readonly [string, Change, Problem];

/** The problems of a change; none when it is accepted. */
export function problems(change: Change): readonly Problem[] {
  try {
    configurationOf(change);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

/** Where a part of a structured value is edited. */
export function inFile(key: string, ...rest: string[]): string {
  return (
    `edit Pulumi.yaml (or the stack's file, where it has its own "harbor-dr:${key}"): ` +
    `config > harbor-dr:${key} > value > ${rest.join(" > ")}`
  );
}

/** A change of some keys of one structured value. */
export function structured(key: string, changes: Record<string, unknown>): Change {
  return { values: { [key]: changed(key, changes) } };
}
