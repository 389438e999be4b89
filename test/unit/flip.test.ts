/** Exactly what a flip of `activeSite` changes on each site: fields only, each from its old value to its new one. */
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { SITES, type Site } from "../../sites.ts";
import { view } from "../harness.ts";
import { leaves } from "../values.ts";

const ADDRESS = { primary: "192.0.2.10", secondary: "198.51.100.10" };
const values = { routing: { type: "externalDns" } };

/** Every input and option that differs: `resource path` to [old, new]. */
async function flip(site: Site, from: Site, to: Site): Promise<Record<string, [unknown, unknown]>> {
  const [before, after] = [await view(site, from, values), await view(site, to, values)];
  const changes: Record<string, [unknown, unknown]> = {};
  for (const resource of before.resources) {
    const other = after.resources.find(({ urn }) => urn === resource.urn);
    const [old, now] = [leaves(resource.inputs), leaves(other?.inputs)];
    for (const path of new Set([...old.keys(), ...now.keys()])) {
      if (isDeepStrictEqual(old.get(path), now.get(path))) continue;
      changes[`${resource.name} ${path}`] = [old.get(path), now.get(path)];
    }
  }
  return changes;
}

const STEPS = ["database-proof", "object-store-proof", "harbor-proof", "harbor-push-pull", "routing-proof"];
const COMPONENTS = ["database", "object-store", "harbor", "routing"];
const PARTS = ["nginx", "portal", "core", "jobservice", "registry", "trivy", "exporter"];

/** What a site's promotion changes. Read the other way round it is its demotion. */
function promotion(site: Site): Record<string, [unknown, unknown]> {
  const peer: Site = site === "primary" ? "secondary" : "primary";
  const steps = site === "primary" ? [...STEPS, "object-store-bucket"] : STEPS;
  const record = { dnsName: "registry.example.com", recordType: "A", recordTTL: 30 };
  const role = ["standby", "active"] as [unknown, unknown];
  return {
    ...Object.fromEntries(COMPONENTS.map((name) => [`${name} role`, role])),
    ...Object.fromEntries(steps.map((name) => [`${name} environment.DR_ROLE`, role])),
    ...Object.fromEntries(PARTS.map((part) => [`harbor-registry spec.helmValues.${part}.replicas`, [0, 1]])),
    "database-cluster spec.numberOfInstances": [1, 2],
    "database-cluster spec.clusterReplication.isReplica": [true, false],
    "object-store-realm spec.pull.endpoint": [`http://${ADDRESS[peer]}:31480`, undefined],
    // An empty structure is a leaf of its own.
    "object-store-realm spec": [undefined, {}],
    ...Object.fromEntries(
      Object.entries(record).map(([key, value]) => [`routing-record spec.endpoints.0.${key}`, [undefined, value]]),
    ),
    "routing-record spec.endpoints.0.targets.0": [undefined, ADDRESS[site]],
    "routing-record spec.endpoints": [[], undefined],
  };
}

describe.each(SITES)("%s", (site) => {
  const peer: Site = site === "primary" ? "secondary" : "primary";

  it("changes exactly these fields when it becomes active", async () => {
    expect(await flip(site, peer, site)).toEqual(promotion(site));
  });

  it("changes the same fields back when it becomes standby", async () => {
    const demotion = Object.entries(promotion(site)).map(([path, [old, now]]) => [path, [now, old]]);
    expect(await flip(site, site, peer)).toEqual(Object.fromEntries(demotion));
  });

  it("changes nothing when it is applied a second time", async () => {
    expect(await flip(site, site, site)).toEqual({});
    expect(await flip(site, peer, peer)).toEqual({});
  });

  it("keeps every option but the order: parents, providers, protection", async () => {
    const options = async (activeSite: Site) =>
      (await view(site, activeSite, values)).resources.map(({ urn, parent, provider, protect }) => ({
        urn,
        parent,
        provider,
        protect,
      }));
    expect(await options(peer)).toEqual(await options(site));
  });
});
