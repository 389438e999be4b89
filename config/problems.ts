/** What is wrong with a configuration, worded for the person who has to mend it. */
import { closest, distance } from "fastest-levenshtein";

/** One refused value: where, what was received, what is allowed, and the command that mends it. */
export interface Problem {
  readonly key: string;
  readonly received: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** Every problem of one configuration, reported together. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], stack: string) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    const blocks = problems.map((problem) =>
      [
        `  ${problem.key}`,
        `    received: ${problem.received}`,
        `    allowed:  ${problem.allowed}`,
        `    remedy:   ${problem.remedy}`,
      ].join("\n"),
    );
    super([`The configuration of stack "${stack}" has ${count}. Nothing was changed.`, ...blocks].join("\n\n"));
    this.problems = problems;
  }
}

/** A value as an error shows it: short, on one line, quoted when it is a string. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The known key that was probably meant, when one is near enough to be a misspelling. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const lower = new Map(known.map((name) => [name.toLowerCase(), name]));
  const found = closest(key.toLowerCase(), [...lower.keys()]);
  return distance(key.toLowerCase(), found) <= Math.max(2, Math.floor(key.length / 3)) ? lower.get(found) : undefined;
}

/** How a value is set: one command for a scalar, the place in the file for a part of a structure. */
export function setCommand(path: readonly PropertyKey[], example: string): string {
  const [key, ...rest] = path.map(String);
  return rest.length === 0
    ? `pulumi config set ${key} ${example}`
    : `edit Pulumi.yaml (or the stack's file, where it has its own "harbor-dr:${key}"): config > harbor-dr:${key} > value > ${rest.join(" > ")}`;
}
