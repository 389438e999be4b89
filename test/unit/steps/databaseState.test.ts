/** What one query of a database says, read and worded. */
import { describe, expect, it } from "vitest";
import { parseState, silenceOf, stateText } from "../../../steps/databaseState.ts";

const LINE = {
  inRecovery: true,
  systemIdentifier: "7711025753167367087",
  version: "15.16",
  timeline: 2,
  lsn: "0/30A5338",
  history: "1\t0/3069F70\tno recovery target specified\n",
  receiver: { status: "streaming", host: "192.0.2.10", port: 5432 },
  slot: null,
  lastActive: "primary",
  complaint: "",
};

describe("parseState", () => {
  it("reads the one JSON line, whatever is printed around it", () => {
    const state = parseState(`a-token\n${JSON.stringify(LINE)}\n`);
    expect(state).toEqual({
      inRecovery: true,
      systemIdentifier: "7711025753167367087",
      version: "15.16",
      timeline: 2,
      lsn: "0/30A5338",
      history: LINE.history,
      receiver: LINE.receiver,
      lastActive: "primary",
    });
    expect(state && stateText(state)).toBe(
      "in recovery, timeline 2 at 0/30A5338, WAL receiver streaming from 192.0.2.10:5432",
    );
  });

  it("says when a standby has no receiver, and what its log complains of", () => {
    const state = parseState(
      JSON.stringify({
        ...LINE,
        receiver: null,
        complaint: "requested WAL segment 000000010000000000000003 has already been removed",
      }),
    );
    expect(state && stateText(state)).toBe(
      "in recovery, timeline 2 at 0/30A5338, no WAL receiver; its log: requested WAL segment 000000010000000000000003 has already been removed",
    );
  });

  it.each(["", "t\n", "{broken", '{"inRecovery": "t"}'])("%j is no state", (output) => {
    expect(parseState(output)).toBeUndefined();
  });
});

describe("silenceOf", () => {
  it.each([
    [
      'psql: error: connection to server at "10.1.1.11", port 5432 failed: Connection refused\n\tIs the server running on that host',
      "silent",
    ],
    ['psql: error: connection to server at "10.1.1.11", port 5432 failed: No route to host', "silent"],
    ['psql: error: connection to server at "10.1.1.11", port 5432 failed: timeout expired', "silent"],
    ["Error: connect ECONNREFUSED 10.1.1.11:5432", "silent"],
    ["Error: Connection terminated unexpectedly", "silent"],
    ['psql: error: could not translate host name "db" to address: Name or service not known', "blind"],
    ["Error: getaddrinfo ENOTFOUND db", "blind"],
    ["psql: error: FATAL:  the database system is starting up", "unclear"],
    ['FATAL:  password authentication failed for user "postgres"', "unclear"],
    ["FATAL:  sorry, too many clients already", "unclear"],
    ["FATAL:  pg_hba.conf rejects connection for host", "unclear"],
    ["", "unclear"],
  ] as const)("%j is %s", (text, kind) => {
    expect(silenceOf(text).kind).toBe(kind);
  });
});
