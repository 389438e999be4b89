/** Where a site's services answer, and who compares what with `activeSite`. */
import { describe, expect, it } from "vitest";
import { endpointsOf } from "../../config/endpoints.ts";
import { HOME_SITE, peerOf, type Role, roleOf, SITES, type Site } from "../../sites.ts";
import { changed, configurationOf } from "../committed.ts";

const sitesWith = (secondary: Record<string, unknown>) =>
  configurationOf({ values: { sites: changed("sites", { secondary }) } }).sites;

describe("endpointsOf", () => {
  it("is the site's address for all three services, where nothing else is said", () => {
    expect(endpointsOf(configurationOf({}).sites, "secondary")).toEqual({
      database: { host: "198.51.100.10", port: 31661 },
      objectStore: "http://198.51.100.10:31480",
      harbor: "198.51.100.10:443",
      harborHost: "198.51.100.10",
    });
  });

  it("takes each service's own host and port", () => {
    const sites = sitesWith({
      databaseHost: "pg.example.com",
      databasePort: 31700,
      objectStoreHost: "s3.example.com",
      objectStorePort: 31500,
      harborHost: "lb.example.com",
      harborPort: 8443,
    });
    expect(endpointsOf(sites, "secondary")).toEqual({
      database: { host: "pg.example.com", port: 31700 },
      objectStore: "http://s3.example.com:31500",
      harbor: "lb.example.com:8443",
      harborHost: "lb.example.com",
    });
  });

  it("puts brackets around an IPv6 address where a port follows, and only there", () => {
    const endpoints = endpointsOf(sitesWith({ address: "2001:db8::10" }), "secondary");
    expect(endpoints).toEqual({
      database: { host: "2001:db8::10", port: 31661 },
      objectStore: "http://[2001:db8::10]:31480",
      harbor: "[2001:db8::10]:443",
      harborHost: "2001:db8::10",
    });
  });
});

describe("sites", () => {
  it.each<[Site, Site, Role]>([
    ["primary", "primary", "active"],
    ["primary", "secondary", "standby"],
    ["secondary", "primary", "standby"],
    ["secondary", "secondary", "active"],
  ])("%s, while %s is active, is %s", (site, activeSite, role) => {
    expect(roleOf(site, activeSite)).toBe(role);
  });

  it("have each other for a peer, and a home that does not follow the role", () => {
    expect(SITES.map(peerOf)).toEqual(["secondary", "primary"]);
    expect(HOME_SITE).toBe("primary");
  });
});
