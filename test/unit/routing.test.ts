/** The external address: on both sites the same object, and only the active site's names a target. */
import { describe, expect, it } from "vitest";
import { dnsEndpointSpec } from "../../components/routing.ts";
import { SITES } from "../../sites.ts";
import { changed } from "../committed.ts";
import { deploy } from "../harness.ts";

const values = { routing: { type: "externalDns", ttlSeconds: 15 } };
const deployed = async (site: (typeof SITES)[number], activeSite: (typeof SITES)[number], more = {}) => {
  const { resources } = await deploy({ site, activeSite, values: { ...values, ...more } });
  const record = resources.find(({ type }) => type.endsWith(":DNSEndpoint"));
  if (record === undefined) throw new Error("no DNSEndpoint was declared");
  return record;
};

describe("dnsEndpointSpec", () => {
  it.each([
    ["A", "192.0.2.10"],
    ["AAAA", "2001:db8::10"],
    ["CNAME", "primary.example.com"],
  ])("is an %s record for %s while active", (recordType, target) => {
    const record = { dnsName: "registry.example.com", recordType, recordTTL: 30, targets: [target] };
    expect(dnsEndpointSpec("active", "registry.example.com", target, 30)).toEqual({ endpoints: [record] });
  });

  it("names nobody on a standby", () => {
    expect(dnsEndpointSpec("standby", "registry.example.com", "192.0.2.10", 30)).toEqual({ endpoints: [] });
  });
});

describe("externalDns", () => {
  it.each(SITES)("%s names itself while active, last of all", async (site) => {
    const record = await deployed(site, site);
    const target = { primary: "192.0.2.10", secondary: "198.51.100.10" }[site];
    const endpoint = { dnsName: "registry.example.com", recordType: "A", recordTTL: 15, targets: [target] };
    expect(record.inputs.spec).toEqual({ endpoints: [endpoint] });
    expect(record.dependsOn).toContain("harbor-push-pull");
  });

  it.each(SITES)("%s has the same object on standby, with no target, before anything is taken away", async (site) => {
    const [active, standby] = [
      await deployed(site, site),
      await deployed(site, site === "primary" ? "secondary" : "primary"),
    ];
    expect(standby.inputs.metadata).toEqual(active.inputs.metadata);
    expect(standby.inputs.spec).toEqual({ endpoints: [] });
    expect(standby.dependsOn).toEqual([]);
  });

  it("points at the site's Harbor entry where that has an address of its own", async () => {
    const sites = changed("sites", {
      primary: { harborHost: "lb.primary.example.com" },
      secondary: { harborHost: "lb.secondary.example.com" },
    });
    const record = await deployed("primary", "primary", { sites });
    const records = {
      endpoints: [expect.objectContaining({ recordType: "CNAME", targets: ["lb.primary.example.com"] })],
    };
    expect(record.inputs.spec).toEqual(records);
  });

  it("asks the cluster beforehand whether external-dns's kind is there", async () => {
    const kindsAsked = async (routing: object) => {
      const { calls } = await deploy({ site: "primary", activeSite: "secondary", values: { routing } });
      return JSON.stringify(calls.map(({ inputs }) => inputs.environment));
    };
    expect(await kindsAsked(values.routing)).toContain("externaldns.k8s.io/v1alpha1/dnsendpoints");
    expect(await kindsAsked({ type: "none" })).not.toContain("dnsendpoints");
  });
});

it("none declares no address", async () => {
  const { resources } = await deploy({ site: "primary", activeSite: "primary" });
  expect(resources.filter(({ parent }) => parent === "routing")).toEqual([]);
});
