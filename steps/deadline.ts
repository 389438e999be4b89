/**
 * The limit of a step, and waits that respect it. Every wait has a name; when its limit passes, the
 * error says what was waited for, and the step adds all that was last seen.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { StepFailure, Unanswered } from "./outcome.ts";
import type { Progress } from "./progress.ts";

/** A point in time that no call of a step may outlast. */
export class Deadline {
  readonly seconds: number;
  readonly #end: number;

  constructor(seconds: number) {
    this.seconds = seconds;
    this.#end = performance.now() + seconds * 1000;
  }

  /** Milliseconds left, never below 0. */
  get left(): number {
    return Math.max(0, this.#end - performance.now());
  }

  get passed(): boolean {
    return this.left === 0;
  }

  /** The limit of one call: its own, or what is left of the step. At least 1 ms, so that it can fail by itself. */
  within(milliseconds: number): number {
    return Math.max(1, Math.min(milliseconds, this.left));
  }

  /** A shorter limit inside this one. */
  part(seconds: number): Deadline {
    return new Deadline(Math.min(seconds, this.left / 1000));
  }
}

/** Asks `probe` until it answers something, at first quickly, then every `everyMs`. A server that does not answer is asked again. */
export async function waitFor<Value>(
  what: string,
  deadline: Deadline,
  progress: Progress,
  probe: () => Promise<Value | undefined>,
  options: { readonly everyMs?: number; readonly remedy: string | (() => string) },
): Promise<Value> {
  const everyMs = options.everyMs ?? 1000;
  for (let pause = Math.min(100, everyMs); ; pause = Math.min(pause * 1.6, everyMs)) {
    const found = await probe().catch((error: unknown) => {
      if (!(error instanceof Unanswered)) throw error;
      progress.saw("no answer", error.message);
      return undefined;
    });
    if (found !== undefined) return found;
    if (deadline.left <= pause) {
      const remedy = typeof options.remedy === "string" ? options.remedy : options.remedy();
      throw new StepFailure(`not within ${deadline.seconds.toFixed(0)} s: ${what}`, remedy);
    }
    await sleep(pause);
  }
}
