/**
 * What each stack declares, whole, in four files: 2 sites × 2 values of activeSite. A change of the program
 * shows there as a diff to review. `UPDATE_GOLDEN=1 npx vitest run --project unit golden` writes them anew;
 * without it a stale file fails. Secrets are masked.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { SITES, type Site } from "../../sites.ts";
import { type DeclaredResource, HOME_SECRETS, view } from "../harness.ts";

const FOLDER = "test/golden";
const VIEWS = SITES.flatMap((site) => SITES.map((activeSite): [Site, Site] => [site, activeSite]));
const fileOf = (site: Site, activeSite: Site) => `${FOLDER}/${site}-while-${activeSite}-is-active.yaml`;
/** With a record, so that what clients resolve is reviewed too. */
const values = { routing: { type: "externalDns" } };

async function declared(site: Site, activeSite: Site): Promise<string> {
  const { resources, outputs, secretOutputs } = await view(site, activeSite, values);
  const records = Object.fromEntries(resources.map((one) => [one.urn, record(one)]));
  const content = { resources: records, outputs: masked(outputs, secretOutputs) };
  return stringify(content, { sortMapEntries: true, lineWidth: 0 });
}

function record({ inputs, secretPaths, parent, provider, protect, dependsOn }: DeclaredResource) {
  return {
    ...(parent === undefined ? {} : { parent }),
    ...(provider === undefined ? {} : { provider }),
    ...(protect ? { protect } : {}),
    ...(dependsOn.length === 0 ? {} : { dependsOn }),
    inputs: masked(inputs, secretPaths),
  };
}

/** A value with "<secret>" at every marked path. */
function masked(value: unknown, secretPaths: readonly string[], path = ""): unknown {
  if (secretPaths.includes(path)) return "<secret>";
  if (typeof value !== "object" || value === null) return value;
  const below = (key: string) => (path === "" ? key : `${path}.${key}`);
  const entries = Object.entries(value).map(([key, child]) => [key, masked(child, secretPaths, below(key))] as const);
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}

describe.each(VIEWS)("%s while %s is active", (site, activeSite) => {
  const file = fileOf(site, activeSite);

  it("is what the golden file says", async () => {
    const now = await declared(site, activeSite);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, now);
    const stored = existsSync(file) ? readFileSync(file, "utf8") : "(no such file)";
    expect(now, `${file} is stale; after a look at the difference: UPDATE_GOLDEN=1 npm run test:unit`).toBe(stored);
  });

  it("has no secret in the golden file", () => {
    const stored = readFileSync(file, "utf8");
    expect(stored).toContain("<secret>");
    expect(Object.values(HOME_SECRETS).filter((value) => stored.includes(value))).toEqual([]);
    expect(stored).not.toMatch(/made-secrets|bcrypt-secrets|pem-secrets|BEGIN [A-Z ]*PRIVATE KEY/);
  });
});

it("there are these four golden files of stacks and no others", () => {
  const stacks = readdirSync(FOLDER).filter((name) => name.includes("-while-"));
  const expected = VIEWS.map(([site, activeSite]) => fileOf(site, activeSite));
  expect(stacks.map((name) => `${FOLDER}/${name}`).sort()).toEqual(expected.sort());
});
