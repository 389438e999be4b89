/** Routing in both roles: the same URNs, the active site's address only, and the proof last. */
import { describe, expect, it } from "vitest";
import { healthCheckArgs, recordArgs, recordId, recordIn } from "../../components/routingRoute53.ts";
import { ConfigurationError } from "../../config.ts";
import type { Site } from "../../sites.ts";
import { changed, configurationOf } from "../committed.ts";
import { type DeclaredResource, deploy } from "../harness.ts";

const WAYS = {
  externalDns: { type: "externalDns", resolver: "192.0.2.53" },
  route53: { type: "route53", zoneId: "Z0123456789ABC", assumeRoleArn: "arn:aws:iam::123456789012:role/dns" },
  command: { type: "command", command: "./point-name", arguments: ["--zone", "example.com"] },
} as const;
const ADDRESS = { primary: "192.0.2.10", secondary: "198.51.100.10" } as const;

async function routed(site: Site, activeSite: Site, routing: object): Promise<readonly DeclaredResource[]> {
  const { resources } = await deploy({ site, activeSite, values: { routing } });
  return resources.filter(({ name, parent }) => name === "dns" || parent === "routing");
}
const byName = (resources: readonly DeclaredResource[], name: string) =>
  resources.find((resource) => resource.name === name);

describe.each(["primary", "secondary"] as const)("routing of %s", (site) => {
  const peer = site === "primary" ? "secondary" : "primary";

  it.each(Object.entries(WAYS))("with %s has the same URNs in both roles, and its proof last", async (_, routing) => {
    const [active, standby] = [await routed(site, site, routing), await routed(site, peer, routing)];
    expect(standby.map(({ urn }) => urn)).toEqual(active.map(({ urn }) => urn));
    for (const resources of [active, standby]) {
      expect(byName(resources, "routing-proof")?.dependsOn).toContain("routing-record");
    }
    expect(byName(active, "routing-record")?.dependsOn).toContain("harbor-push-pull");
  });

  it("declares nothing where the address is switched by other means", async () => {
    expect(await routed(site, site, { type: "none" })).toEqual([]);
  });

  it("names its own address in Route 53 while active, and only reads on a standby", async () => {
    const active = byName(await routed(site, site, WAYS.route53), "routing-record");
    expect(active?.inputs).toMatchObject({ records: [ADDRESS[site]], ttl: 30, type: "A", allowOverwrite: true });
    const standby = byName(await routed(site, peer, WAYS.route53), "routing-record");
    expect(standby?.inputs).toEqual({});
  });

  it("checks its own entry the same way in both roles", async () => {
    const [active, standby] = [await routed(site, site, WAYS.route53), await routed(site, peer, WAYS.route53)];
    const check = byName(active, "routing-health");
    expect(check?.inputs).toMatchObject({ ipAddress: ADDRESS[site], fqdn: "registry.example.com", port: 443 });
    expect(byName(standby, "routing-health")).toEqual(check);
    expect(byName(active, "dns")?.inputs.assumeRoles).toContain("arn:aws:iam::123456789012:role/dns");
  });

  it("tells the user's executable which role it is called in", async () => {
    const environment = async (activeSite: Site) =>
      byName(await routed(site, activeSite, WAYS.command), "routing-record")?.inputs.environment;
    const told = { DR_TARGET: ADDRESS[site], DR_ROUTING_COMMAND: '["./point-name","--zone","example.com"]' };
    expect(await environment(site)).toMatchObject({ ...told, DR_ROLE: "active" });
    expect(await environment(peer)).toMatchObject({ ...told, DR_ROLE: "standby" });
  });

  it("asks the resolver that the configuration names", async () => {
    const proof = byName(await routed(site, site, WAYS.externalDns), "routing-proof");
    expect(proof?.inputs.environment).toMatchObject({ DR_RESOLVER: "192.0.2.53", DR_TARGET: ADDRESS[site] });
  });
});

describe("a record in Route 53", () => {
  const settings = { type: "route53", zoneId: "Z1", ttlSeconds: 60, region: "us-east-1", healthCheck: true } as const;

  it("follows the kind of the address", () => {
    expect(recordArgs(settings, "r.example.com", "2001:db8::1")).toMatchObject({ type: "AAAA", ttl: 60 });
    expect(recordArgs(settings, "r.example.com", "lb.example.net")).toMatchObject({ type: "CNAME" });
    expect(recordId(settings, "R.example.com", "192.0.2.1")).toBe("Z1_r.example.com_A");
  });

  it("is found by its name and type alone, and refused beside others that answer", () => {
    const set = (type: string, name = "r.example.com.", setIdentifier = "") => ({ name, type, setIdentifier });
    expect(recordIn([set("A"), set("TXT"), set("A", "other.example.com.")], "Z1", "r.example.com", "A")).toBe(true);
    expect(recordIn([set("TXT")], "Z1", "r.example.com", "A")).toBe(false);
    const beside = () => recordIn([set("A"), set("AAAA")], "Z1", "r.example.com", "A");
    expect(beside).toThrow(/zone Z1, r\.example\.com already has records of another kind: AAAA\./);
    const weighted = () => recordIn([set("A", undefined, "primary")], "Z1", "r.example.com", "A");
    expect(weighted).toThrow('A with set id "primary"');
  });

  it("is watched by name where the entry has no address", () => {
    const check = healthCheckArgs("r.example.com", { host: "lb.example.net", port: 80, tls: false });
    expect(check).toMatchObject({ type: "HTTP", fqdn: "lb.example.net", resourcePath: "/api/v2.0/health" });
    expect(check).not.toHaveProperty("ipAddress");
  });
});

describe("the configuration of routing", () => {
  const problems = (values: Record<string, unknown>): readonly string[] => {
    try {
      configurationOf({ values });
      return [];
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      return error.problems.map(({ key, received, allowed }) => `${key}: ${received}: ${allowed}`);
    }
  };

  it.each([
    [{ type: "route53", zoneId: "example.com" }, "routing.zoneId", "id of the hosted zone"],
    [{ ...WAYS.route53, assumeRoleArn: "harbor-dns" }, "routing.assumeRoleArn", "ARN of the role"],
    [{ ...WAYS.route53, ttlSeconds: 0 }, "routing.ttlSeconds", "1 to 3600"],
    [{ ...WAYS.externalDns, resolver: "dns.example.com" }, "routing.resolver", "IP address of the DNS server"],
    [{ type: "command" }, "routing.command", "it is required"],
  ])("refuses %j", (routing, key, allowed) => {
    const [problem, ...more] = problems({ routing });
    expect([problem?.startsWith(key), more]).toEqual([true, []]);
    expect(problem).toContain(allowed);
  });

  it("refuses sites whose records would stand beside each other", () => {
    const sites = changed("sites", { secondary: { harborHost: "lb.example.net" } });
    expect(problems({ routing: WAYS.route53, sites })).toEqual([
      expect.stringContaining('sites.secondary.harborHost: "lb.example.net", which takes a record of type CNAME'),
    ]);
    expect(problems({ routing: { type: "none" }, sites })).toEqual([]);
  });

  it("refuses a health check of an address that the internet does not reach", () => {
    const sites = changed("sites", { secondary: { harborHost: "10.1.2.3" } });
    expect(problems({ routing: WAYS.route53, sites })).toEqual([expect.stringContaining("routing.healthCheck: true")]);
    expect(problems({ routing: { ...WAYS.route53, healthCheck: false }, sites })).toEqual([]);
  });
});
