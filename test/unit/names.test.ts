/** Names are a contract: the parent's name and a part, without role, version or date, the same in both roles. */
import { describe, expect, it } from "vitest";
import { SITES, type Site } from "../../sites.ts";
import { type DeclaredResource, view } from "../harness.ts";
import { textsIn } from "../values.ts";

const values = { routing: { type: "externalDns" } };
const VIEWS = SITES.flatMap((site) => SITES.map((activeSite): [Site, Site] => [site, activeSite]));
const declared = async (site: Site, activeSite: Site) => (await view(site, activeSite, values)).resources;

/** Namespace and name of the object in the cluster, for those that have one. */
function objectName({ type, inputs }: DeclaredResource): string[] {
  const metadata = inputs.metadata as { name?: string; namespace?: string } | undefined;
  return metadata === undefined ? [] : [`${type} ${metadata.namespace}/${metadata.name}`];
}

describe.each(SITES)("%s", (site) => {
  it("declares the same URNs in both roles", async () => {
    const [active, standby] = [await declared(site, "primary"), await declared(site, "secondary")];
    expect(standby.map(({ urn }) => urn)).toEqual(active.map(({ urn }) => urn));
    expect(active.length).toBeGreaterThan(30);
  });

  it("gives the objects in the cluster the same names in both roles", async () => {
    const [active, standby] = [await declared(site, "primary"), await declared(site, "secondary")];
    expect(standby.flatMap(objectName)).toEqual(active.flatMap(objectName));
  });
});

describe.each(VIEWS)("%s while %s is active", (site, activeSite) => {
  it("names each child after its parent and its part", async () => {
    const children = (await declared(site, activeSite)).filter(({ parent }) => parent !== undefined);
    expect(children.length).toBeGreaterThan(25);
    expect(children.filter(({ name, parent }) => !name.startsWith(`${parent}-`))).toEqual([]);
  });

  it("has no role, version or date in a name", async () => {
    const names = (await declared(site, activeSite)).flatMap((one) => [one.name, ...objectName(one)]);
    const plain = names.map((name) => name.replace(/^kubernetes:\S+ /, ""));
    expect(plain.filter((name) => /active|passive|replica\b|master|leader|\d{4}|v?\d+\.\d/.test(name))).toEqual([]);
    // PostgreSQL's replication user is called so in every cluster of the operator, whatever its role.
    const standby = plain.filter((name) => name.includes("standby"));
    expect(
      standby.every((name) => /database-standby|standby\.acid-harbor\.credentials|standby-bootstrap-secret/.test(name)),
    ).toBe(true);
  });

  it("declares no name and no object twice", async () => {
    const resources = await declared(site, activeSite);
    const names = resources.map(({ name }) => name);
    const objects = resources.flatMap(objectName);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(objects.filter((name, index) => objects.indexOf(name) !== index)).toEqual([]);
  });

  it("names every object and its namespace explicitly", async () => {
    const unnamed = (await declared(site, activeSite)).filter((one) =>
      objectName(one).some((name) => name.includes("undefined")),
    );
    expect(unnamed).toEqual([]);
  });
});

it("differs between the sites only in what exists once", async () => {
  const [primary, secondary] = [await declared("primary", "primary"), await declared("secondary", "primary")];
  const only = (some: readonly DeclaredResource[], others: readonly DeclaredResource[]) => {
    const known = new Set(others.map(({ urn }) => urn));
    return some.flatMap(({ urn, name }) => (known.has(urn) ? [] : [name])).sort();
  };
  const generated = primary.filter(({ parent }) => parent === "secrets").map(({ name }) => name);
  expect(only(primary, secondary)).toEqual(
    ["harbor-dr-primary", "object-store-bucket", "object-store-user", ...generated].sort(),
  );
  expect(only(secondary, primary)).toEqual(["harbor-dr-secondary", "home"]);
});

it("names Harbor, its version and its address alike on both sites", async () => {
  const harborOf = async (site: Site) =>
    (await declared(site, "primary")).find(({ type }) => type.endsWith(":Harbor") && type.startsWith("kubernetes"));
  const [primary, secondary] = [await harborOf("primary"), await harborOf("secondary")];
  const identity = (one: DeclaredResource | undefined) => {
    const { version, externalURL } = (one?.inputs.spec ?? {}) as Record<string, unknown>;
    return [one?.inputs.metadata, version, externalURL];
  };
  expect(identity(primary)).toEqual(identity(secondary));
  expect(textsIn(identity(primary))).toContain("https://registry.example.com");
});
