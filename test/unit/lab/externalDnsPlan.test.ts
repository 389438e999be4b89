/** Two sites, one name: what external-dns does to it under each owner and policy. */
import { describe, expect, it } from "vitest";
import type { ZoneRecord } from "../../../lab/dns/zone.ts";
import {
  applied,
  type DnsPolicy,
  type ExternalDnsFlags,
  planChanges,
  type WantedRecord,
} from "../../../lab/operators/externalDnsPlan.ts";

const NAME = "registry.example.test";
const wants = (address: string): WantedRecord[] => [
  { dnsName: NAME, recordType: "A", recordTTL: 30, targets: [address], resource: "crd/harbor/harbor" },
];
const shared: ExternalDnsFlags = { ownerId: "harbor-dr", policy: "upsert-only" };
const turn = (
  zone: readonly ZoneRecord[],
  wanted: readonly WantedRecord[],
  flags: ExternalDnsFlags,
): readonly ZoneRecord[] => applied(zone, planChanges(zone, wanted, flags));
const answers = (zone: readonly ZoneRecord[]): readonly string[] => zone.flatMap((record) => record.targets);

describe("external-dns's plan", () => {
  it("keeps an answer, and never two, from the old address to the new one", () => {
    let zone = turn([], wants("192.0.2.1"), shared);
    expect(answers(zone)).toEqual(["192.0.2.1"]);
    // Planned switchover: the old site's list is emptied first, then the new site's is filled.
    zone = turn(zone, [], shared);
    expect(answers(zone)).toEqual(["192.0.2.1"]);
    zone = turn(zone, wants("192.0.2.2"), shared);
    expect(answers(zone)).toEqual(["192.0.2.2"]);
    expect(zone).toEqual([{ ...wants("192.0.2.2")[0], owner: "harbor-dr" }]);
  });

  it("changes nothing when the zone is right", () => {
    const zone = turn([], wants("192.0.2.1"), shared);
    expect(planChanges(zone, wants("192.0.2.1"), shared)).toEqual({ create: [], update: [], remove: [], notOurs: [] });
  });

  it("with the policy sync the standby takes the active site's name away", () => {
    const zone = turn([], wants("192.0.2.1"), shared);
    expect(turn(zone, [], { ...shared, policy: "sync" })).toEqual([]);
  });

  it("with owners of their own the promoted site cannot take the name over", () => {
    const zone = turn([], wants("192.0.2.1"), { ...shared, ownerId: "primary" });
    const changes = planChanges(zone, wants("192.0.2.2"), { ...shared, ownerId: "secondary" });
    expect(changes.update).toEqual([]);
    expect(changes.notOurs.map((record) => record.owner)).toEqual(["primary"]);
  });

  it("a returning site that still lists itself takes the name, until its list is emptied", () => {
    let zone = turn([], wants("192.0.2.2"), shared);
    zone = turn(zone, wants("192.0.2.1"), shared);
    expect(answers(zone)).toEqual(["192.0.2.1"]);
    zone = turn(turn(zone, [], shared), wants("192.0.2.2"), shared);
    expect(answers(zone)).toEqual(["192.0.2.2"]);
  });

  it.each<[DnsPolicy, string[]]>([
    ["create-only", ["192.0.2.1"]],
    ["upsert-only", ["192.0.2.2"]],
    ["sync", ["192.0.2.2"]],
  ])("%s updates as external-dns does", (policy, expected) => {
    const zone = turn([], wants("192.0.2.1"), shared);
    expect(answers(turn(zone, wants("192.0.2.2"), { ...shared, policy }))).toEqual(expected);
  });

  it("gives a name that two objects want to the one that has it", () => {
    const zone = turn([], wants("192.0.2.9"), shared);
    const other: WantedRecord = { ...(wants("192.0.2.1")[0] as WantedRecord), resource: "crd/harbor/other" };
    expect(answers(turn(zone, [other, ...wants("192.0.2.9")], shared))).toEqual(["192.0.2.9"]);
  });
});
