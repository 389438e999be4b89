/**
 * Decides, from what both databases say, whether a standby's database is proved. No I/O. A standby is
 * proved by facts of both sites: read-only here, the same system identifier, a log that is a prefix of
 * the other site's, and then (by the step itself) a record written there that arrives here.
 */

import type { Site } from "../sites.ts";
import type { OwnDatabase } from "./database.ts";
import { type DatabaseSilence, type DatabaseState, stateText } from "./databaseState.ts";
import { divergence, lsnDistance } from "./walHistory.ts";

/** What was seen in one look. */
export interface StandbyFacts {
  readonly site: Site;
  readonly peer: Site;
  readonly own: OwnDatabase;
  /** The other site's database as this site's pod sees it; absent while there is no pod to ask from. */
  readonly fromPod?: { readonly kind: "state"; readonly state: DatabaseState } | DatabaseSilence;
  /** The same from the runner; asked only when the pod got no answer. */
  readonly fromRunner?: { readonly kind: "writable" | "recovery"; readonly why: string } | DatabaseSilence;
  /** Where the other site's database is. */
  readonly address: string;
  /** What rebuilds this site's database, to type. */
  readonly rebuild: string;
}

/** What follows from it. */
export type StandbyVerdict =
  /** Proved, as far as it can be while the other site does not serve yet. */
  | { readonly kind: "proved"; readonly says: string }
  /** It says that it streams; a record written on the other site must arrive here. */
  | { readonly kind: "streaming"; readonly says: string }
  | { readonly kind: "wait"; readonly says: string }
  /** Waiting will not help, if it is still so after `afterSeconds`: operators repair some of this by themselves. */
  | { readonly kind: "hopeless"; readonly says: string; readonly remedy: string; readonly afterSeconds: number };

/** An operator that rewinds or restarts a member is done by then. */
const REPAIR_SECONDS = 15;

/** The verdict of one look. */
export function standbyVerdict(facts: StandbyFacts): StandbyVerdict {
  const { own, fromPod } = facts;
  if (own.kind !== "state") return { kind: "wait", says: `this site's database: ${own.why}` };
  if (!own.state.inRecovery) return { kind: "wait", says: "this site's database still takes writes" };
  if (fromPod === undefined) return { kind: "wait", says: `${facts.peer} was not asked` };
  if (fromPod.kind !== "state") return withoutPeer(facts, own.state, fromPod);
  const peer = fromPod.state;
  if (own.state.systemIdentifier !== peer.systemIdentifier) {
    return {
      kind: "hopeless",
      says: `this site's database is another one than ${facts.peer}'s: system identifier ${own.state.systemIdentifier} against ${peer.systemIdentifier}. It did not begin as a copy`,
      remedy: `Compare the PostgreSQL operators' versions on both sites (different ones do this), then ${facts.rebuild}`,
      afterSeconds: REPAIR_SECONDS,
    };
  }
  const diverged = divergence(own.state, peer);
  return peer.inRecovery
    ? bothReadOnly(facts, own.state, peer, diverged)
    : behindActive(facts, own.state, peer, diverged);
}

function behindActive(
  facts: StandbyFacts,
  own: DatabaseState,
  peer: DatabaseState,
  diverged: string | undefined,
): StandbyVerdict {
  const rebuild = {
    kind: "hopeless",
    remedy: `It must become a copy of ${facts.peer}'s again; what only this site has is lost by that, so dump it first if in doubt: ${facts.rebuild}`,
    afterSeconds: REPAIR_SECONDS,
  } as const;
  if (diverged !== undefined) {
    return { ...rebuild, says: `this site's database holds writes that ${facts.peer}'s does not: ${diverged}` };
  }
  const streams = own.receiver?.status === "streaming";
  if (
    !streams &&
    (peer.slot?.walStatus === "lost" || /WAL segment .* has already been removed/.test(own.complaint ?? ""))
  ) {
    return {
      ...rebuild,
      says: `${facts.peer} has removed log that this site still needs: it was away longer than max_slot_wal_keep_size allows`,
    };
  }
  if (!streams || own.receiver === undefined) {
    return { kind: "wait", says: `it does not stream from ${facts.peer}: ${stateText(own)}` };
  }
  const from = `${own.receiver.host}:${own.receiver.port}`;
  if (from !== facts.address) return { kind: "wait", says: `it streams from ${from}, not from ${facts.address}` };
  return { kind: "streaming", says: `${lsnDistance(own.lsn, peer.lsn)} bytes behind ${facts.peer}` };
}

function bothReadOnly(
  facts: StandbyFacts,
  own: DatabaseState,
  peer: DatabaseState,
  diverged: string | undefined,
): StandbyVerdict {
  if (diverged !== undefined) {
    return {
      kind: "hopeless",
      says: `both databases are read-only, and ${facts.peer} lacks what this site has: ${diverged}`,
      remedy: `Do not promote ${facts.peer}: that loses it. Make this site active again and let ${facts.peer} catch up: \`pulumi config set activeSite ${facts.site} --stack ${facts.site} && pulumi up --stack ${facts.site}\`.`,
      afterSeconds: REPAIR_SECONDS,
    };
  }
  const behind = lsnDistance(own.lsn, peer.lsn);
  if (own.timeline === peer.timeline && behind === 0n) {
    return {
      kind: "proved",
      says: `demoted and read-only, in step with ${facts.peer} at ${own.lsn}; will stream from ${facts.peer} once it is promoted`,
    };
  }
  return { kind: "wait", says: `both databases are read-only, and this one is ${behind} bytes behind ${facts.peer}` };
}

function withoutPeer(facts: StandbyFacts, own: DatabaseState, silence: DatabaseSilence): StandbyVerdict {
  const seen = facts.fromRunner;
  const unreachable = `${facts.peer}'s database at ${facts.address} does not answer this site (${silence.why})`;
  if (silence.kind !== "silent" && seen?.kind !== "writable") return { kind: "wait", says: unreachable };
  const wasActive = own.lastActive === facts.site;
  if (seen?.kind === "recovery" && wasActive) {
    return {
      kind: "proved",
      says: `demoted and read-only at ${own.lsn}; ${unreachable}, and the runner sees it in recovery: not promoted yet`,
    };
  }
  if (seen?.kind !== "writable" && wasActive) {
    return {
      kind: "proved",
      says: `demoted and read-only at ${own.lsn}; ${unreachable}, so whether this site can follow it is not known yet`,
    };
  }
  return {
    kind: "hopeless",
    says: `${unreachable}${seen ? `; ${seen.why}` : ""}. A standby that does not receive is no standby`,
    remedy: `Look at the network between the sites and at the Service of ${facts.peer}'s database, then \`pulumi up --stack ${facts.site}\` again.`,
    afterSeconds: REPAIR_SECONDS,
  };
}
