/** When a promotion is refused: a table of what was seen of the other site. */
import { describe, expect, it } from "vitest";
import {
  combineDatabaseSights,
  type DatabaseSight,
  type GatewaySight,
  gateVerdict,
  type HarborSight,
  harborSight,
} from "../../../steps/gateVerdict.ts";

const names = { site: "secondary", peer: "primary" } as const;

type Row = [
  situation: string,
  harbor: HarborSight["kind"],
  database: DatabaseSight["kind"],
  gateway: GatewaySight["kind"],
  alreadyActive: boolean,
  outcome: "pass" | "refuse" | "doubt",
];

const rows: Row[] = [
  ["site dead", "silent", "silent", "silent", false, "pass"],
  ["first provisioning, nothing there yet", "silent", "silent", "silent", false, "pass"],
  ["planned, demoted first: its zone is still master", "silent", "recovery", "master", false, "pass"],
  ["planned, demoted, gateway not to be asked", "silent", "recovery", "unclear", false, "pass"],
  ["planned, demoted, an ingress answers something", "unclear", "recovery", "master", false, "pass"],
  ["peer follows already", "silent", "recovery", "follower", false, "pass"],
  ["only a following gateway left", "silent", "silent", "follower", false, "pass"],
  ["alive and active", "answers", "writable", "master", false, "refuse"],
  ["only Harbor answers", "answers", "silent", "silent", false, "refuse"],
  ["Harbor answers on a demoted database", "answers", "recovery", "follower", false, "refuse"],
  ["only the database takes writes", "silent", "writable", "silent", false, "refuse"],
  ["Harbor at 0, database not demoted", "silent", "writable", "master", false, "refuse"],
  ["only a live master gateway", "silent", "silent", "master", false, "refuse"],
  ["live master gateway, database starting up", "silent", "unclear", "master", false, "refuse"],
  ["database answers, role not told", "silent", "unclear", "silent", false, "doubt"],
  ["gateway refuses the keys", "silent", "silent", "unclear", false, "doubt"],
  ["something at Harbor's address, database silent", "unclear", "silent", "silent", false, "doubt"],
  ["run again on the active site, peer dead", "silent", "silent", "silent", true, "pass"],
  ["run again on the active site, peer follows", "silent", "recovery", "follower", true, "pass"],
  ["run again on the active site, peer's standby is starting", "silent", "unclear", "follower", true, "pass"],
  ["killed between the promotions, peer demoted", "silent", "recovery", "master", false, "pass"],
  ["split brain: old site came back", "answers", "writable", "master", true, "refuse"],
  ["split brain: only its gateway is back", "silent", "silent", "master", true, "refuse"],
];

describe("gateVerdict", () => {
  it.each(rows)("%s: Harbor %s, database %s, gateway %s, already active %s: %s", (...row) => {
    const [, harbor, database, gateway, alreadyActive, outcome] = row;
    const verdict = gateVerdict(
      {
        harbor: { kind: harbor, says: "H" },
        database: { kind: database, says: "D" },
        gateway: { kind: gateway, says: "G" },
        alreadyActive,
      },
      names,
    );
    expect(verdict.pass ? "pass" : verdict.retry ? "doubt" : "refuse").toBe(outcome);
  });

  it("covers every combination safely: nothing that takes writes is ever passed", () => {
    for (const harbor of ["answers", "silent", "unclear"] as const)
      for (const database of ["writable", "recovery", "silent", "unclear"] as const)
        for (const gateway of ["master", "follower", "silent", "unclear"] as const)
          for (const alreadyActive of [true, false]) {
            const sights = {
              harbor: { kind: harbor, says: "" },
              database: { kind: database, says: "" },
              gateway: { kind: gateway, says: "" },
              alreadyActive,
            };
            if (harbor === "answers" || database === "writable") expect(gateVerdict(sights, names).pass).toBe(false);
          }
  });

  it("names each path that answered", () => {
    const verdict = gateVerdict(
      {
        harbor: { kind: "answers", says: "Harbor answers at 192.0.2.10:80 (200)" },
        database: { kind: "writable", says: "database 192.0.2.10:5432 takes writes" },
        gateway: { kind: "master", says: "gateway 192.0.2.10:7480 is live" },
        alreadyActive: false,
      },
      names,
    );
    expect(verdict.says).toBe(
      "primary still answers as active: Harbor answers at 192.0.2.10:80 (200); database 192.0.2.10:5432 takes writes; gateway 192.0.2.10:7480 is live",
    );
  });

  it("calls two active sites what they are", () => {
    const verdict = gateVerdict(
      {
        harbor: { kind: "silent", says: "" },
        database: { kind: "writable", says: "database x takes writes" },
        gateway: { kind: "silent", says: "" },
        alreadyActive: true,
      },
      names,
    );
    expect(verdict.says).toContain("both sites are active");
  });
});

describe("harborSight", () => {
  it.each([
    [200, { status: "healthy", components: [] }, "answers"],
    [200, { status: "unhealthy", components: [] }, "answers"],
    [500, { status: "unhealthy" }, "answers"],
    [503, undefined, "silent"],
    [404, undefined, "silent"],
    [502, "<html>", "silent"],
    [200, undefined, "unclear"],
    [301, undefined, "unclear"],
    [401, { errors: [] }, "unclear"],
    [500, undefined, "unclear"],
  ] as const)("%s with %j is %s", (status, body, kind) => {
    expect(harborSight("h:1", status, body).kind).toBe(kind);
  });
});

describe("combineDatabaseSights", () => {
  it.each([
    [["silent", "writable"], "writable"],
    [["recovery", "writable"], "writable"],
    [["silent", "recovery"], "recovery"],
    [["unclear", "recovery"], "recovery"],
    [["silent", "unclear"], "unclear"],
    [["blind", "silent"], "silent"],
    [["silent"], "silent"],
    [["blind", "blind"], "unclear"],
    [[], "unclear"],
  ] as const)("%j is %s", (kinds, kind) => {
    expect(combineDatabaseSights(kinds.map((one) => ({ kind: one, why: one }))).kind).toBe(kind);
  });
});
