/**
 * What all of Rook's controllers share: phases, generations, and when to come back.
 *
 * Rook reconciles a resource when its spec changes, when the operator starts, and again after a failure; a resync
 * without a change does nothing. It says how that went in `status.phase`, and why in Events.
 */
import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type KubeObject, kubeRequest } from "../../kube/rest.ts";
import { messageOf } from "../../wait.ts";
import { type Controller, type SiteContext, setStatus } from "../controller.ts";

export const CEPH_API = "ceph.rook.io/v1";

/** Something that must be there first is not: the resource stays as it is and is tried again, as Rook does. */
export class NotYet extends Error {
  override readonly name: string = "NotYet";
}

/** The same for what the peer must have first; nothing on this site says when that is worth another try. */
export class PeerNotYet extends NotYet {
  override readonly name = "PeerNotYet";
}

/** Status beside phase and observedGeneration. */
export type Extras = Readonly<Record<string, unknown>>;

export interface RookKind {
  readonly kind: string;
  readonly plural: string;
  /** Phases while at work and after a failure; the object store has words of its own. @default Rook's usual ones */
  readonly phases?: { readonly busy: string; readonly failed: string };
  /** What besides the generation makes a settled resource be looked at again. */
  fingerprint?(object: KubeObject, context: SiteContext): Promise<string>;
  /** Returns what goes into the status beside the phase. */
  reconcile(object: KubeObject, context: SiteContext): Promise<Extras>;
  removed?(object: KubeObject, context: SiteContext): Promise<void>;
}

const USUAL = { busy: "Reconciling", failed: "ReconcileFailed" } as const;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;

interface Attempt {
  readonly key: string;
  readonly failures: number;
  readonly notBefore: number;
  readonly said: string;
}

export const nameOf = (object: KubeObject): string => object.metadata?.name ?? "";
export const namespaceOf = (object: KubeObject): string => object.metadata?.namespace ?? "";
export const specOf = <T>(object: KubeObject): T => (object.spec ?? {}) as T;
export const phaseOf = (object: KubeObject): string => (object.status as { phase?: string } | undefined)?.phase ?? "";

async function tell(context: SiteContext, object: KubeObject, reason: string, message: string): Promise<void> {
  context.log(`${object.kind} ${nameOf(object)}: ${message}`);
  const now = new Date().toISOString();
  const { apiVersion, kind } = object;
  const { name, namespace, uid } = object.metadata ?? {};
  await kubeRequest(context.kc, {
    method: "POST",
    path: `/api/v1/namespaces/${namespaceOf(object)}/events`,
    body: {
      metadata: { generateName: `${nameOf(object)}.`, namespace },
      involvedObject: { apiVersion, kind, name, namespace, uid },
      type: "Warning",
      reason,
      message: message.slice(0, 1000),
      source: { component: "rook-stand-in" },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    },
  });
}

/** Merged into the status that is there; a write that changes nothing is no event for the watchers. */
async function addStatus(context: SiteContext, object: KubeObject, status: Extras): Promise<void> {
  await setStatus(context, { ...object, status: {} }, status);
}

/** Fires whenever a resource of this site got Ready: what waited for it need not sit out its pause. */
const settling = new EventEmitter().setMaxListeners(0);

async function pauseUntilSettling(milliseconds: number): Promise<void> {
  const limit = new AbortController();
  const woken = once(settling, "settled", { signal: limit.signal }).catch(() => undefined);
  await Promise.race([woken, sleep(milliseconds)]);
  limit.abort();
}

export function rookController(one: RookKind): Controller {
  const phases = one.phases ?? USUAL;
  const settled = new Map<string, string>();
  const attempts = new Map<string, Attempt>();
  return {
    name: `rook-${one.plural}`,
    watches: [{ apiVersion: CEPH_API, plural: one.plural, namespaced: true }],
    async reconcile(object, context) {
      const { uid = "", generation = 0 } = object.metadata ?? {};
      const key = `${generation} ${(await one.fingerprint?.(object, context)) ?? ""}`;
      if (settled.get(uid) === key) return undefined;
      const known = attempts.get(uid);
      const last = known?.key === key ? known : undefined;
      if (last !== undefined && Date.now() < last.notBefore) return last.notBefore - Date.now();
      if (last === undefined) await addStatus(context, object, { phase: phases.busy });
      try {
        const extras = await one.reconcile(object, context);
        settled.set(uid, key);
        attempts.delete(uid);
        await addStatus(context, object, { ...extras, phase: "Ready", observedGeneration: generation });
        settling.emit("settled");
        return undefined;
      } catch (thrown) {
        const said = messageOf(thrown);
        const failures = (last?.failures ?? 0) + 1;
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 6));
        // Noted before the status is written: that write calls this function again.
        attempts.set(uid, { key, failures, notBefore: Date.now() + pause, said });
        await addStatus(context, object, { phase: thrown instanceof NotYet ? phases.busy : phases.failed });
        if (last?.said !== said) await tell(context, object, "ReconcileFailed", said);
        if (!(thrown instanceof NotYet) || thrown instanceof PeerNotYet) return pause;
        await pauseUntilSettling(pause);
        attempts.set(uid, { key, failures, notBefore: 0, said });
        return 0;
      }
    },
    async removed(object, context) {
      settled.delete(object.metadata?.uid ?? "");
      attempts.delete(object.metadata?.uid ?? "");
      await one.removed?.(object, context);
    },
  };
}
