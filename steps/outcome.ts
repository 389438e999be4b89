/**
 * How a step ends: proved, failed, or refused as unsafe. A failure carries what was seen and what to
 * type next, because whoever reads it may be in the middle of an outage.
 */

/** The step could not prove its outcome. Exit code 1. */
export class StepFailure extends Error {
  override readonly name: string = "StepFailure";
  /** What to type or to look at next. */
  readonly remedy: string;

  /** @param message what was to be proved, and what was seen instead. */
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Going on would be unsafe. Exit code 3. */
export class StepRefusal extends StepFailure {
  override readonly name = "StepRefusal";
}

/** Somebody did not answer, or not with what was asked for. A wait asks again; anything else fails. */
export class Unanswered extends Error {
  override readonly name: string = "Unanswered";
}

/** What a proof rests on: one sentence for people, and the values behind it. */
export interface Evidence {
  readonly proved: string;
  readonly seen: Readonly<Record<string, unknown>>;
}

/** The one JSON line that a step prints when it has proved its outcome. */
export interface StepResult extends Evidence {
  readonly step: string;
  readonly site: string;
  readonly role?: string;
  readonly seconds: number;
  readonly finishedAt: string;
}

/** The text of an error, for a progress line. */
export const textOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(textOf).join("; ");
  return error instanceof Error ? error.message : String(error);
};
