/**
 * Runs a step as a process: reads its environment, holds it to its limit, prints one JSON line on
 * success, and on failure says what it tried, all that it last saw, and what to type next. Imported
 * by a test or another step, an entry file does nothing: only the file that Node was started with acts.
 */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Deadline } from "./deadline.ts";
import { readEnvironment } from "./environment.ts";
import type { StepEnvironment, StepName } from "./inputs.ts";
import { type Evidence, StepFailure, StepRefusal, type StepResult, textOf } from "./outcome.ts";
import { Progress } from "./progress.ts";

/** What the body of a step works with. */
export interface StepContext<Step extends StepName> {
  readonly environment: StepEnvironment<Step>;
  readonly deadline: Deadline;
  readonly progress: Progress;
}

/** Seconds that a step may overrun its limit to say what it saw. */
const GRACE_SECONDS = 3;
const DEFAULT_SECONDS = 30;

/** Runs `body` if `moduleUrl` is the file that Node was started with. */
export function stepMain<Step extends StepName>(
  moduleUrl: string,
  step: Step,
  body: (context: StepContext<Step>) => Promise<Evidence>,
): void {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== fileURLToPath(moduleUrl)) return;
  void runStep(step, body).then((code) => process.exit(code));
}

async function runStep<Step extends StepName>(
  step: Step,
  body: (context: StepContext<Step>) => Promise<Evidence>,
): Promise<number> {
  const progress = new Progress();
  const timeout = Number(process.env.DR_TIMEOUT_SECONDS ?? DEFAULT_SECONDS);
  const deadline = new Deadline(timeout > 0 ? timeout : DEFAULT_SECONDS);
  const outside = interruptions(step, deadline);
  try {
    const environment = readEnvironment(step, process.env);
    const evidence = await Promise.race([body({ environment, deadline, progress }), outside]);
    const result: StepResult = {
      step,
      site: process.env.DR_SITE ?? "",
      ...(process.env.DR_ROLE ? { role: process.env.DR_ROLE } : {}),
      seconds: progress.seconds,
      finishedAt: new Date().toISOString(),
      ...evidence,
    };
    process.stdout.write(`${withoutSecrets(JSON.stringify(result))}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${withoutSecrets(failureText(step, error, progress))}\n`);
    return error instanceof StepRefusal ? 3 : 1;
  }
}

/** Rejects when the step is told to end, or when a call outlasted the limit by itself. */
function interruptions(step: StepName, deadline: Deadline): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      process.on(signal, () =>
        reject(new StepFailure(`${step} was told to end by ${signal}`, "Run `pulumi up` again: it continues.")),
      );
    }
    setTimeout(
      () =>
        reject(new StepFailure(`${step} did not end within ${deadline.seconds} s`, "Look at what it saw last, above.")),
      (deadline.seconds + GRACE_SECONDS) * 1000,
    ).unref();
  });
}

function failureText(step: StepName, error: unknown, progress: Progress): string {
  const what = error instanceof StepRefusal ? "refused" : "not proved";
  const site = process.env.DR_SITE ? ` on site ${process.env.DR_SITE}` : "";
  const message =
    error instanceof StepFailure
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : textOf(error);
  const seen = progress.lastSeen().map((line) => `  ${line}`);
  return [
    `${step}${site}: ${what} after ${progress.seconds} s: ${message}`,
    ...(seen.length > 0 ? ["Last seen:", ...seen] : []),
    ...(error instanceof StepFailure && error.remedy !== "" ? [`Next: ${error.remedy}`] : []),
  ].join("\n");
}

/** A last line of defence: a server's own error text may repeat what it was given. */
function withoutSecrets(text: string): string {
  let safe = text;
  for (const [name, value] of Object.entries(process.env)) {
    if (/^DR_.*(PASSWORD|_KEY)$/.test(name) && value !== undefined && value.length > 3) {
      safe = safe.replaceAll(value, `[${name}]`);
    }
  }
  return safe;
}
