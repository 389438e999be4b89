/**
 * Procedures as data. Each act has a question, `done`, that is asked before it and after it: a second
 * run after a kill continues where the first one stopped, and an act that did nothing is noticed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Deadline } from "./deadline.ts";
import { StepFailure, Unanswered } from "./outcome.ts";
import type { Progress } from "./progress.ts";

/** One act of a procedure. */
export interface Act {
  /** What is true afterwards, in the field's words. */
  readonly name: string;
  /** Whether it is true already. What it saw, it says by itself. */
  readonly done: () => Promise<boolean>;
  /** Makes it true. Absent when somebody else does, and this only waits. */
  readonly act?: () => Promise<void>;
  /** Seconds until it must be true. */
  readonly timeout: number;
  /** How often `act` may be tried; 1 unless told. */
  readonly attempts?: number;
  /** What to type when it does not become true. */
  readonly remedy: string;
}

/** Runs the acts in order, each until its `done` says yes. */
export async function runProcedure(acts: readonly Act[], deadline: Deadline, progress: Progress): Promise<void> {
  for (const act of acts) await runAct(act, deadline.part(act.timeout), progress);
}

async function runAct(act: Act, limit: Deadline, progress: Progress): Promise<void> {
  let tries = act.act === undefined ? 0 : (act.attempts ?? 1);
  let trouble = "";
  for (let pause = 200; ; pause = Math.min(pause * 2, 2000)) {
    if (await isDone(act, progress)) return void progress.saw(act.name, "yes");
    if (tries > 0 && act.act !== undefined) {
      tries -= 1;
      progress.saw(act.name, trouble === "" ? "not yet, acting" : `not yet, trying again after: ${trouble}`);
      try {
        await act.act();
        if (await isDone(act, progress)) return void progress.saw(act.name, "yes");
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        trouble = error.message;
        progress.saw(act.name, trouble);
        if (tries === 0) throw new StepFailure(`${act.name}: ${trouble}`, act.remedy);
      }
    }
    if (limit.left <= pause) {
      const after = trouble === "" ? "" : `; the last attempt said: ${trouble}`;
      throw new StepFailure(`not within ${limit.seconds.toFixed(0)} s: ${act.name}${after}`, act.remedy);
    }
    await sleep(pause);
  }
}

async function isDone(act: Act, progress: Progress): Promise<boolean> {
  try {
    return await act.done();
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    progress.saw("no answer", error.message);
    return false;
  }
}
