/**
 * Waiting with a name, a limit and a memory: when the limit is reached the error carries everything that was last
 * seen, because "timed out" alone has never told anybody what to do.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Distinct observations kept for the error; older ones are dropped. */
const REMEMBERED = 6;
/** A probe that hangs is abandoned after this long and asked again. */
const PROBE_SECONDS = 20;

export class WaitTimeout extends Error {
  override readonly name = "WaitTimeout";
  readonly what: string;
  readonly seconds: number;
  readonly seen: readonly string[];
  constructor(what: string, seconds: number, seen: readonly string[]) {
    const last = seen.length === 0 ? "nothing was seen" : `last seen:\n${seen.map((line) => `  - ${line}`).join("\n")}`;
    super(`waited ${seconds} s for ${what}; ${last}`);
    this.what = what;
    this.seconds = seconds;
    this.seen = seen;
  }
}

export interface WaitLimits {
  readonly seconds: number;
  /** @default 200 */
  readonly everyMs?: number;
}

function shortened(text: string): string {
  const oneLine = text.replaceAll(/\s+/g, " ").trim();
  return oneLine.length > 400 ? `${oneLine.slice(0, 400)}…` : oneLine;
}

/** Text of whatever was thrown, with the cause that fetch hides behind "fetch failed". */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? "" : ` (${messageOf(thrown.cause)})`;
  const own = thrown.message !== "" ? thrown.message : thrown.name;
  const inner = thrown instanceof AggregateError ? ` [${thrown.errors.map(messageOf).join("; ")}]` : "";
  return `${own}${inner}${cause}`;
}

/**
 * Asks `probe` until it answers with something other than undefined. What it throws, or reports through `seen`, is
 * remembered for the error of the limit.
 */
export async function waitFor<T>(
  what: string,
  probe: (seen: (line: string) => void) => Promise<T | undefined>,
  limits: WaitLimits,
): Promise<T> {
  const deadline = Date.now() + limits.seconds * 1000;
  const remembered: string[] = [];
  const seen = (line: string): void => {
    const text = shortened(line);
    const known = remembered.indexOf(text);
    if (known !== -1) remembered.splice(known, 1);
    remembered.push(text);
    if (remembered.length > REMEMBERED) remembered.shift();
  };
  for (;;) {
    const patience = Math.max(1, Math.min(PROBE_SECONDS * 1000, deadline - Date.now()));
    const limit = new AbortController();
    try {
      const answer = await Promise.race([
        probe(seen),
        sleep(patience, undefined, { signal: limit.signal }).then(() => {
          throw new Error(`no answer within ${(patience / 1000).toFixed(1)} s`);
        }),
      ]);
      if (answer !== undefined) return answer;
    } catch (thrown) {
      seen(messageOf(thrown));
    } finally {
      limit.abort();
    }
    const pause = limits.everyMs ?? 200;
    if (Date.now() + pause > deadline) throw new WaitTimeout(what, limits.seconds, remembered);
    await sleep(pause);
  }
}
