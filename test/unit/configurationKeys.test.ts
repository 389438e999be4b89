/** Error texts about keys: unknown, misspelt, missing, and those that name a site or a kind. */
import { describe, expect, it } from "vitest";
import { type Case, inFile, problems, structured } from "../problems.ts";

const CASES: readonly Case[] = [
  [
    "a misspelt key",
    { values: { activeSte: "secondary" } },
    {
      key: "activeSte",
      received: 'an unknown key with the value "secondary"',
      allowed: expect.stringMatching(/^activeSite \(did you mean that\?\), or one of: site, activeSite, /) as string,
      remedy: "pulumi config rm activeSte; pulumi config set activeSite <value>",
    },
  ],
  [
    "an unknown key that is like no other",
    { values: { wobbleFactor: "7" } },
    {
      key: "wobbleFactor",
      received: 'an unknown key with the value "7"',
      allowed: expect.stringContaining("site, activeSite, kubeconfig") as string,
      remedy: "pulumi config rm wobbleFactor",
    },
  ],
  [
    "a misspelt key inside a structure",
    structured("postgres", { instance: 3 }),
    {
      key: "postgres.instance",
      received: "an unknown key with the value 3",
      allowed: expect.stringMatching(/^instances \(did you mean that\?\), or one of: cluster, /) as string,
      remedy: `remove postgres.instance from Pulumi.yaml or the stack's file; ${inFile("postgres", "instances")}`,
    },
  ],
  [
    "a misspelt key two levels down",
    structured("sites", { primary: { adress: "192.0.2.99" } }),
    {
      key: "sites.primary.adress",
      received: 'an unknown key with the value "192.0.2.99"',
      allowed: expect.stringMatching(/^address \(did you mean that\?\)/) as string,
      remedy: expect.stringContaining(inFile("sites", "primary", "address")) as string,
    },
  ],
  [
    "a misspelt part of Harbor",
    structured("harbor", { replicas: { registy: 2 } }),
    {
      key: "harbor.replicas.registy",
      received: "an unknown key with the value 2",
      allowed: expect.stringMatching(/^registry \(did you mean that\?\), or one of: nginx, portal, core/) as string,
      remedy: expect.stringContaining(inFile("harbor", "replicas", "registry")) as string,
    },
  ],
  [
    "an unknown site",
    { values: { site: "tertiary" }, stack: "dev" },
    {
      key: "site",
      received: '"tertiary"',
      allowed: "primary or secondary: which site this stack is, fixed for ever",
      remedy: "pulumi config set site primary",
    },
  ],
  [
    "an activeSite that is no site",
    { values: { activeSite: "both" } },
    {
      key: "activeSite",
      received: '"both"',
      allowed: "primary or secondary: the site that serves clients",
      remedy: "pulumi config set activeSite primary",
    },
  ],
  [
    "a stack named after the other site",
    { site: "primary", stack: "secondary" },
    {
      key: "site",
      received: '"primary"',
      allowed: '"secondary", because the stack is named so',
      remedy: "pulumi config set site secondary",
    },
  ],
  [
    "an unknown way to reach Harbor",
    structured("harbor", { expose: { type: "gateway" } }),
    {
      key: "harbor.expose.type",
      received: '"gateway"',
      allowed: "one of ingress, route, nodePort, loadBalancer, clusterIP",
      remedy: inFile("harbor", "expose", "type"),
    },
  ],
  [
    "an unknown kind of routing",
    { values: { routing: { type: "bgp" } } },
    {
      key: "routing.type",
      received: '"bgp"',
      allowed: expect.stringMatching(/^one of none, externalDns/) as string,
      remedy: inFile("routing", "type"),
    },
  ],
  [
    "a structure that is no structure",
    { values: { postgres: "acid-harbor" } },
    {
      key: "postgres",
      received: '"acid-harbor"',
      allowed: expect.stringMatching(
        /^the PostgreSQL cluster: a structure with the keys cluster, teamId, version/,
      ) as string,
      remedy: "edit Pulumi.yaml: config > harbor-dr:postgres > value",
    },
  ],
  [
    "a missing required key",
    { values: { site: undefined } },
    {
      key: "site",
      received: "nothing",
      allowed: "a value (it is required): primary or secondary: which site this stack is, fixed for ever",
      remedy: "pulumi config set site primary",
    },
  ],
  [
    "a missing required structure",
    { values: { redis: undefined } },
    {
      key: "redis",
      received: "nothing",
      allowed: expect.stringMatching(
        /^a value \(it is required\): the site's own Redis, which is not replicated/,
      ) as string,
      remedy: "edit Pulumi.yaml: config > harbor-dr:redis > value",
    },
  ],
  [
    "a missing required key of a structure",
    { values: { harbor: { externalUrl: "https://registry.example.com" } } },
    {
      key: "harbor.version",
      received: "nothing",
      allowed: "a value (it is required): a version such as 2.14.1, from 2.12.4 on",
      remedy: inFile("harbor", "version"),
    },
  ],
];

describe("refused, with one problem", () => {
  it.each(CASES)("%s", (_, change, problem) => {
    expect(problems(change)).toEqual([problem]);
  });
});
