/** What the PostgreSQL stand-in decides without a server: which resources it refuses, and what a flip changes. */
import { describe, expect, it } from "vitest";
import { type PostgresqlSpec, refusal, shapeOf } from "../../../lab/operators/postgres/spec.ts";
import { memberAddress } from "../../../lab/postgres/member.ts";
import { configChange, dynamicConfig, memberConfig } from "../../../lab/postgres/patroniConfig.ts";

const spec = (isReplica: boolean, change: Partial<PostgresqlSpec> = {}): PostgresqlSpec => ({
  teamId: "ACID",
  numberOfInstances: isReplica ? 1 : 2,
  postgresql: { version: "15", parameters: { max_slot_wal_keep_size: "10GB" } },
  users: { harbor: [] },
  databases: { registry: "harbor" },
  clusterReplication: { enabled: true, isReplica, peerHost: "192.0.2.1", peerPort: 31661, bootstrapSecret: "s" },
  ...change,
});

describe("refusal", () => {
  const cases: readonly [string, string, PostgresqlSpec, string | undefined][] = [
    ["a primary", "acid-harbor", spec(false), undefined],
    ["a standby", "acid-harbor", spec(true), undefined],
    ["a foreign team", "harbor", spec(false), 'it must start with "acid-"'],
    ["nothing after the team", "acid-", spec(false), 'it must start with "acid-"'],
    ["upper case", "acid-Harbor", spec(false), "is no DNS-1035 label"],
    ["two instances of a standby", "acid-harbor", spec(true, { numberOfInstances: 2 }), "a standby"],
    ["a version that is not installed", "acid-harbor", spec(false, { postgresql: { version: "16" } }), "PostgreSQL 15"],
    [
      "a database without owner",
      "acid-harbor",
      spec(false, { users: {} }),
      'spec.databases.registry belongs to "harbor"',
    ],
    [
      "a standby without peer",
      "acid-harbor",
      spec(true, { clusterReplication: { enabled: true, isReplica: true } }),
      "lacks peerHost, peerPort, bootstrapSecret",
    ],
  ];
  it.each(cases)("%s", (_, name, resource, wanted) => {
    const answer = refusal(name, resource, ["15"]);
    if (wanted === undefined) expect(answer).toBeUndefined();
    else expect(answer).toContain(wanted);
  });
});

describe("a flip", () => {
  const primary = shapeOf(spec(false));
  const standby = shapeOf(spec(true));
  const follows = { host: "192.0.2.1", port: 31661, primary_slot_name: "xdc_hotstandby" };
  it("changes nothing where nothing has changed", () => {
    expect(configChange(dynamicConfig(primary), primary)).toBeUndefined();
    expect(configChange(dynamicConfig(standby), standby)).toBeUndefined();
  });
  it("demotes by following the peer and giving up the slot", () => {
    expect(configChange(dynamicConfig(primary), standby)).toEqual({ standby_cluster: follows, slots: null });
  });
  it("promotes by following nobody and keeping a slot for the peer", () => {
    expect(configChange(dynamicConfig(standby), primary)).toEqual({
      standby_cluster: null,
      slots: { xdc_hotstandby: { type: "physical" } },
    });
  });
  it("takes out a parameter that the resource no longer names", () => {
    const bare = shapeOf(spec(false, { postgresql: { version: "15" } }));
    expect(configChange(dynamicConfig(primary), bare)).toEqual({
      postgresql: { parameters: { max_slot_wal_keep_size: null } },
    });
  });
});

it("lets nobody in over the network without TLS", () => {
  const member = { scope: "s", name: "m", address: "127.1.64.10", folder: "/f" };
  const text = memberConfig({ ...member, superuserPassword: "a", replicationPassword: "b" }, shapeOf(spec(false)));
  const { postgresql } = JSON.parse(text) as { postgresql: { pg_hba: string[] } };
  const allowed = postgresql.pg_hba.filter((rule) => !rule.endsWith("reject"));
  expect(allowed.every((rule) => rule.startsWith("local ") || rule.startsWith("hostssl "))).toBe(true);
});

it("gives each member a loopback address of its own", () => {
  const cluster = { namespace: "harbor", name: "acid-harbor" };
  expect(memberAddress(cluster, 0)).toMatch(/^127\.1\.\d+\.10$/);
  expect(memberAddress(cluster, 1)).not.toBe(memberAddress(cluster, 0));
});
