/** Error texts about values: each names key, value, what is allowed and what to type. */
import { describe, expect, it } from "vitest";
import { type Change, changed, configurationOf } from "../committed.ts";
import { type Case, inFile, problems, structured } from "../problems.ts";

const quantity = "a Kubernetes quantity such as 500m, 2 or 10Gi";
const CASES: readonly Case[] = [
  [
    "both sites with the same address",
    structured("sites", { secondary: { address: "192.0.2.10" } }),
    {
      key: "sites.secondary.address",
      received: '"192.0.2.10" (the same as sites.primary for database, objectStore, harbor)',
      allowed: "an address of its own: with one address for both sites, each site would take itself for the other",
      remedy: inFile("sites", "secondary", "address"),
    },
  ],
  [
    "both databases at the same address",
    structured("sites", { secondary: { databaseHost: "192.0.2.10" } }),
    {
      key: "sites.secondary.address",
      received: '"198.51.100.10" (the same as sites.primary for database)',
      allowed: expect.stringContaining("an address of its own") as string,
      remedy: inFile("sites", "secondary", "address"),
    },
  ],
  [
    "an address with a scheme",
    structured("sites", { primary: { address: "http://192.0.2.10" } }),
    {
      key: "sites.primary.address",
      received: '"http://192.0.2.10"',
      allowed: expect.stringContaining("host name or IP address at which the other site reaches this one") as string,
      remedy: inFile("sites", "primary", "address"),
    },
  ],
  [
    "a cluster name without its team id",
    structured("postgres", { cluster: "harbor" }),
    {
      key: "postgres.cluster",
      received: '"harbor"',
      allowed: 'a name that starts with the team id in lower case, such as "acid-harbor": the operator refuses others',
      remedy: inFile("postgres", "cluster"),
    },
  ],
  [
    "a PostgreSQL version that this Harbor does not take",
    structured("postgres", { version: "14" }),
    {
      key: "postgres.version",
      received: '"14"',
      allowed: "15 or 16, which Harbor 2.14 supports",
      remedy: inFile("postgres", "version"),
    },
  ],
  [
    "a PostgreSQL version as a number",
    structured("postgres", { version: 16 }),
    {
      key: "postgres.version",
      received: "16",
      allowed: "PostgreSQL major version: Harbor 2.12 takes 14, Harbor 2.14 takes 15 or 16",
      remedy: inFile("postgres", "version"),
    },
  ],
  [
    "a Harbor that is too old",
    structured("harbor", { version: "2.12.3" }),
    {
      key: "harbor.version",
      received: '"2.12.3"',
      allowed: "2.12.4 or later",
      remedy: inFile("harbor", "version"),
    },
  ],
  [
    "a Harbor version that is no version",
    structured("harbor", { version: "latest" }),
    {
      key: "harbor.version",
      received: '"latest"',
      allowed: "a version such as 2.14.1, from 2.12.4 on",
      remedy: inFile("harbor", "version"),
    },
  ],
  [
    "an external URL with a path",
    structured("harbor", { externalUrl: "https://registry.example.com/harbor" }),
    {
      key: "harbor.externalUrl",
      received: '"https://registry.example.com/harbor"',
      allowed: "http:// or https://, a host name, no path: the address that clients use for ever",
      remedy: inFile("harbor", "externalUrl"),
    },
  ],
  [
    "no replicas of a part",
    structured("harbor", { replicas: { core: 0 } }),
    {
      key: "harbor.replicas.core",
      received: "0",
      allowed: "replicas while active, 1 to 50; a standby always has 0",
      remedy: inFile("harbor", "replicas", "core"),
    },
  ],
  [
    "a certificate from a Secret that is not named",
    structured("harbor", { tls: { certSource: "secret" } }),
    {
      key: "harbor.tls.secretName",
      received: "nothing",
      allowed: "the name of a Secret with tls.crt and tls.key, because harbor.tls.certSource is secret",
      remedy: inFile("harbor", "tls", "secretName"),
    },
  ],
  [
    "Sentinels without the name of their set",
    structured("redis", { address: "h1:26379,h2:26379" }),
    {
      key: "redis.sentinelMasterSet",
      received: "nothing",
      allowed: "the name of the master set, because redis.address lists several Sentinels (h1:26379,h2:26379)",
      remedy: inFile("redis", "sentinelMasterSet"),
    },
  ],
  [
    "a node port that the API server refuses",
    structured("sites", { secondary: { databasePort: 5432 } }),
    {
      key: "sites.secondary.databasePort",
      received: "5432",
      allowed: "30000 to 32767, because the service is a NodePort",
      remedy: inFile("sites", "secondary", "databasePort"),
    },
  ],
  [
    "a limit in the wrong unit",
    { values: { timeouts: { gateSeconds: 30000 } } },
    {
      key: "timeouts.gateSeconds",
      received: "30000",
      allowed: "how long the gate may probe the other site: whole seconds from 1 to 600",
      remedy: inFile("timeouts", "gateSeconds"),
    },
  ],
  [
    "a size without a unit that Kubernetes knows",
    structured("postgres", { volumeSize: "50 GB" }),
    {
      key: "postgres.volumeSize",
      received: '"50 GB"',
      allowed: `size of each instance's volume: ${quantity}`,
      remedy: inFile("postgres", "volumeSize"),
    },
  ],
];

describe("refused, with one problem", () => {
  it.each(CASES)("%s", (_, change, problem) => {
    expect(problems(change)).toEqual([problem]);
  });
});

it("reports everything at once, as one text that says that nothing was changed", () => {
  const change: Change = {
    values: {
      activeSite: "both",
      kubeContex: "x",
      postgres: changed("postgres", { instances: 0 }),
      harborSecretKey: "short",
    },
    secretKeys: ["harborSecretKey"],
  };
  expect(
    problems(change)
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["activeSite", "harborSecretKey", "kubeContex", "postgres.instances"]);
  expect(() => configurationOf(change)).toThrow(
    /^The configuration of stack "primary" has 4 problems\. Nothing was changed\.\n/,
  );
});

it("shows a long value shortened", () => {
  const [problem] = problems(structured("harbor", { version: "9".repeat(200) }));
  expect(problem?.received.length).toBeLessThanOrEqual(80);
});
