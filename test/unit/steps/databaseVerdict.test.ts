/** When a standby counts as proved: a table of facts and verdicts. */
import { describe, expect, it } from "vitest";
import type { DatabaseState } from "../../../steps/databaseState.ts";
import { type StandbyFacts, standbyVerdict } from "../../../steps/databaseVerdict.ts";

const state = (change: Partial<DatabaseState> = {}): DatabaseState => ({
  inRecovery: true,
  systemIdentifier: "77",
  version: "15.16",
  timeline: 1,
  lsn: "0/3000100",
  history: "",
  ...change,
});
const streaming = { status: "streaming", host: "192.0.2.10", port: 5432 };
const facts = (
  own: Partial<DatabaseState> | undefined,
  peer: Partial<DatabaseState> | undefined,
  more: Partial<StandbyFacts> = {},
): StandbyFacts => ({
  site: "secondary",
  peer: "primary",
  address: "192.0.2.10:5432",
  rebuild: "REBUILD",
  own: own ? { kind: "state", state: state(own) } : { kind: "absent", why: "no pod" },
  ...(peer ? { fromPod: { kind: "state", state: state({ inRecovery: false, lsn: "0/3000200", ...peer }) } } : {}),
  ...more,
});
const dark = { fromPod: { kind: "silent", why: "timeout expired" } } as const;

const rows: [string, StandbyFacts, "proved" | "streaming" | "wait" | "hopeless", RegExp?][] = [
  ["no pod yet", facts(undefined, undefined), "wait", /no pod/],
  ["not demoted yet", facts({ inRecovery: false }, {}), "wait", /still takes writes/],
  ["streams", facts({ receiver: streaming }, {}), "streaming", /256 bytes behind primary/],
  ["does not stream yet", facts({}, {}), "wait", /does not stream from primary/],
  [
    "streams from elsewhere",
    facts({ receiver: { ...streaming, host: "192.0.2.99" } }, {}),
    "wait",
    /from 192.0.2.99:5432, not/,
  ],
  [
    "independent primary's copy",
    facts({ systemIdentifier: "88", receiver: streaming }, {}),
    "hopeless",
    /system identifier 88 against 77/,
  ],
  [
    "diverged, and says streaming all the same",
    facts(
      { timeline: 2, history: "1\t0/3000050\tx", receiver: streaming },
      { timeline: 2, history: "1\t0/3000080\tx" },
    ),
    "hopeless",
    /holds writes that primary's does not/,
  ],
  ["slot lost", facts({}, { slot: { active: false, walStatus: "lost" } }), "hopeless", /removed log/],
  [
    "segment removed",
    facts({ complaint: "FATAL: requested WAL segment 000000010000000000000003 has already been removed" }, {}),
    "hopeless",
    /max_slot_wal_keep_size/,
  ],
  [
    "planned: both read-only and in step",
    facts({}, { inRecovery: true, lsn: "0/3000100" }),
    "proved",
    /will stream from primary once it is promoted/,
  ],
  [
    "planned: the other lacks the last record",
    facts({ lsn: "0/3000300" }, { inRecovery: true }),
    "hopeless",
    /primary lacks what this site has/,
  ],
  ["both read-only, this one behind", facts({}, { inRecovery: true }), "wait", /256 bytes behind/],
  [
    "never active, replication cut",
    facts({ lastActive: "primary", receiver: streaming }, undefined, dark),
    "hopeless",
    /no standby/,
  ],
  ["never active, other site unknown", facts({}, undefined, dark), "hopeless"],
  [
    "cut, runner sees it writable",
    facts({ lastActive: "secondary" }, undefined, {
      ...dark,
      fromRunner: { kind: "writable", why: "192.0.2.10:5432 from the runner takes writes" },
    }),
    "hopeless",
    /from the runner takes writes/,
  ],
  [
    "cut, runner sees it read-only, demoted here",
    facts({ lastActive: "secondary" }, undefined, { ...dark, fromRunner: { kind: "recovery", why: "r" } }),
    "proved",
    /not promoted yet/,
  ],
  [
    "demoted here, other site gone",
    facts({ lastActive: "secondary" }, undefined, { ...dark, fromRunner: { kind: "silent", why: "refused" } }),
    "proved",
    /not known yet/,
  ],
  [
    "other site starting",
    facts({ lastActive: "secondary" }, undefined, {
      fromPod: { kind: "unclear", why: "the database system is starting up" },
    }),
    "wait",
  ],
];

describe("standbyVerdict", () => {
  it.each(rows)("%s", (_name, seen, kind, says) => {
    const verdict = standbyVerdict(seen);
    expect(verdict.kind).toBe(kind);
    if (says) expect(verdict.says).toMatch(says);
  });

  it("says how to rebuild what cannot follow", () => {
    const verdict = standbyVerdict(facts({ systemIdentifier: "88" }, {}));
    expect(verdict.kind === "hopeless" && verdict.remedy).toContain("REBUILD");
  });
});
