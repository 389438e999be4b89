/** Waits until an object is ready, by its annotations or by the rules of its kind, or until it is gone. */
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type KubernetesApi } from "./kubernetesApi.ts";
import { annotation, identityOf } from "./kubernetesObject.ts";
import { readinessOf } from "./kubernetesReady.ts";
import { parseWaitFor } from "./kubernetesWaitFor.ts";
import type { JsonObject, Properties } from "./values.ts";

const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 1_000;
const DEFAULT_SECONDS = 600;

/** Not ready in time, or never: with the object as it was last seen. */
export class NotReady extends Error {
  readonly live: JsonObject;
  readonly reasons: string[];
  constructor(message: string, live: JsonObject, reasons: string[]) {
    super(message);
    this.live = live;
    this.reasons = reasons;
  }
}

export interface Waiting {
  readonly api: KubernetesApi;
  readonly path: string;
  readonly inputs: Properties;
  /** From the resource option customTimeouts; 0 when not given. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly show: (line: string) => void;
}

function limitSeconds(waiting: Waiting, fallback: number): number {
  if (waiting.timeout > 0) return waiting.timeout;
  const annotated = annotation(waiting.inputs, "timeoutSeconds");
  return annotated !== undefined && /^\d+$/.test(annotated) ? Number(annotated) : fallback;
}

type Test = (live: JsonObject) => Promise<string | undefined>;

/** What must hold of the object; undefined when nothing must. `waitFor` takes the place of the kind's own rules. */
function testOf(waiting: Waiting): { test: Test; seconds: number; builtIn: boolean } | undefined {
  if (annotation(waiting.inputs, "skipAwait") === "true") return undefined;
  const waitFor = annotation(waiting.inputs, "waitFor");
  if (waitFor !== undefined && waitFor !== "") {
    const holds = parseWaitFor(waitFor);
    return { test: async (live) => holds(live), seconds: DEFAULT_SECONDS, builtIn: false };
  }
  const { apiVersion, kind } = identityOf(waiting.inputs);
  const rule = readinessOf(apiVersion, kind);
  return rule && { test: (live) => rule.ready(live, waiting.api), seconds: rule.seconds, builtIn: true };
}

export async function untilReady(waiting: Waiting, created: JsonObject): Promise<JsonObject> {
  let live = created;
  let wanted: ReturnType<typeof testOf>;
  try {
    wanted = testOf(waiting);
  } catch (problem) {
    throw new NotReady(problem instanceof Error ? problem.message : String(problem), live, []);
  }
  if (!wanted) return live;
  const { name } = identityOf(live);
  const seconds = limitSeconds(waiting, wanted.seconds);
  const until = Date.now() + seconds * 1000;
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LAST_POLL_MS)) {
    let missing: string | undefined;
    try {
      missing = await wanted.test(live);
    } catch (problem) {
      throw new NotReady(problem instanceof Error ? problem.message : String(problem), live, []);
    }
    if (missing === undefined) return live;
    waiting.show(missing);
    if (waiting.signal.aborted) throw new NotReady("Resource operation was cancelled", live, [missing]);
    if (Date.now() >= until) {
      const message = wanted.builtIn
        ? `'${name}' timed out waiting to be Ready`
        : "timed out waiting for the condition";
      throw new NotReady(message, live, [missing, `waited ${seconds} seconds`]);
    }
    await sleep(Math.min(pause, Math.max(until - Date.now(), 1)));
    try {
      live = await waiting.api.ask("GET", waiting.path);
    } catch (problem) {
      // A connection that breaks while waiting is worth another try; an object that is gone is not.
      const words = problem instanceof Error ? problem.message : String(problem);
      if (problem instanceof ApiError && problem.code === 404) throw new NotReady(words, live, [missing]);
      waiting.show(words);
    }
  }
}

/** One look, for a refresh: what is missing, if anything. */
export async function missingNow(waiting: Waiting, live: JsonObject): Promise<string | undefined> {
  const { apiVersion, kind } = identityOf(live);
  // The endpoints of a Service have settled long ago when nobody is changing them, and no annotation is asked here.
  if (annotation(waiting.inputs, "skipAwait") === "true" || kind === "Service") return undefined;
  return readinessOf(apiVersion, kind)?.ready(live, waiting.api);
}

export async function untilGone(waiting: Waiting, uid: string): Promise<void> {
  const seconds = limitSeconds(waiting, DEFAULT_SECONDS);
  const until = Date.now() + seconds * 1000;
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LAST_POLL_MS)) {
    let live: JsonObject;
    try {
      live = await waiting.api.ask("GET", waiting.path);
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === 404) return;
      throw problem;
    }
    const metadata = live.metadata as JsonObject;
    if (metadata.uid !== uid) return;
    const finalizers = Array.isArray(metadata.finalizers) ? metadata.finalizers.join(", ") : "none";
    waiting.show(`Waiting for deletion (finalizers: ${finalizers})`);
    if (waiting.signal.aborted) throw new NotReady("Resource operation was cancelled", live, []);
    if (Date.now() >= until) {
      throw new NotReady("timed out waiting for the condition", live, [
        `still there after ${seconds} seconds, finalizers: ${finalizers}`,
      ]);
    }
    await sleep(Math.min(pause, Math.max(until - Date.now(), 1)));
  }
}
