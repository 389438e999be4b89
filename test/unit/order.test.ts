/** The order of the parts in both directions, from what each resource waits for. */
import { describe, expect, it } from "vitest";
import { SITES, type Site } from "../../sites.ts";
import { type DeclaredResource, view } from "../harness.ts";

const values = { routing: { type: "externalDns" } };
const peer = (site: Site): Site => (site === "primary" ? "secondary" : "primary");

/** The resource that changes a part's role, and the step that proves it. */
const NAMES = {
  database: { changed: "database-cluster", proved: "database-proof" },
  objectStore: { changed: "object-store-realm", proved: "object-store-proof" },
  bucket: { changed: "object-store-bucket", proved: "object-store-bucket" },
  harbor: { changed: "harbor-registry", proved: "harbor-proof" },
  pushPull: { changed: "harbor-push-pull", proved: "harbor-push-pull" },
  routing: { changed: "routing-record", proved: "routing-proof" },
} as const;
type Part = keyof typeof NAMES;

/** Asks whether one resource waits for another, directly or through others. */
function waitsIn(resources: readonly DeclaredResource[]) {
  const before = new Map(resources.map(({ name, dependsOn }) => [name, dependsOn]));
  const waits = (name: string, other: string): boolean =>
    (before.get(name) ?? []).some((one) => one === other || waits(one, other));
  return waits;
}

async function partsOf(site: Site, activeSite: Site) {
  const { resources } = await view(site, activeSite, values);
  return { resources, waits: waitsIn(resources) };
}

function pairs(order: readonly Part[]): [Part, Part][] {
  return order.flatMap((first, index) => order.slice(index + 1).map((later): [Part, Part] => [first, later]));
}

describe.each(SITES)("%s", (site) => {
  const bucket: Part[] = site === "primary" ? ["bucket"] : [];

  it("becomes active: database, store, Harbor, push and pull, and the address last", async () => {
    const { waits } = await partsOf(site, site);
    const order: Part[] = ["database", "objectStore", ...bucket, "harbor", "pushPull", "routing"];
    for (const [first, later] of pairs(order)) {
      expect([later, waits(NAMES[later].changed, NAMES[first].proved), first]).toEqual([later, true, first]);
      expect([first, waits(NAMES[first].changed, NAMES[later].changed), later]).toEqual([first, false, later]);
    }
  });

  it("becomes standby: the address, Harbor gone, then database, then store", async () => {
    const { waits } = await partsOf(site, peer(site));
    const order: Part[] = ["routing", "harbor", "pushPull", "database", "objectStore", ...bucket];
    for (const [first, later] of pairs(order)) {
      expect([later, waits(NAMES[later].changed, NAMES[first].changed), first]).toEqual([later, true, first]);
      expect([first, waits(NAMES[first].changed, NAMES[later].changed), later]).toEqual([first, false, later]);
    }
    expect(waits("database-cluster", "harbor-proof")).toBe(true);
  });

  it.each([true, false])("proves a role only after what takes it on (active: %s)", async (active) => {
    const { waits } = await partsOf(site, active ? site : peer(site));
    expect(waits("database-proof", "database-cluster")).toBe(true);
    expect(waits("object-store-proof", "object-store-store")).toBe(true);
    expect(waits("harbor-proof", "harbor-registry")).toBe(true);
    expect(waits("harbor-push-pull", "harbor-proof")).toBe(true);
  });

  it("writes every Secret before the resource that looks for it", async () => {
    const { resources, waits } = await partsOf(site, site);
    const readers: Record<string, string> = {
      database: "database-cluster",
      "object-store": "object-store-realm",
      harbor: "harbor-registry",
    };
    const secrets = resources.filter(({ type, name }) => type.endsWith("v1:Secret") && name !== "object-store-access");
    expect(secrets.length).toBeGreaterThan(10);
    for (const { name, parent } of secrets) {
      expect([name, waits(readers[parent ?? ""] ?? "", name)]).toEqual([name, true]);
    }
  });
});

it("starts Harbor after the keys of its bucket are there", async () => {
  const { waits } = await partsOf("primary", "primary");
  expect(waits("harbor-registry", "object-store-access")).toBe(true);
});
