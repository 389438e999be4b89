/** The example of somebody else's program: it finds the package by its exports, and keeps the same rules as ours. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRunner } from "../../cli/render/trees.ts";
import type { View } from "../../cli/render/views.ts";
import { checkFlip, checkSites, checkStack } from "../../policies/check.ts";
import { at } from "../../policies/record.ts";
import { RULES } from "../../policies/rules.ts";
import { SITES } from "../../sites.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const json = (file: string) =>
  JSON.parse(readFileSync(join(checkout, file), "utf8")) as Record<string, Record<string, unknown>>;

let folder: string;
let views: readonly View[];

/** The example as a user has it: in a folder of its own, with the package among its own packages. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "harbor-dr-own-"));
  cpSync(join(checkout, "examples", "own-program"), folder, { recursive: true });
  const packages = join(folder, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(checkout, "node_modules")).filter((entry) => !entry.startsWith("."))) {
    symlinkSync(join(checkout, "node_modules", name), join(packages, name));
  }
  symlinkSync(checkout, join(packages, "harbor-dr"));
  const runner = startRunner();
  const result = await runner.run(folder);
  runner.end();
  if ("failed" in result) throw new Error(result.failed);
  views = result.tree.views;
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function stack(site: string, role: string) {
  const found = views.find((view) => view.site === site && view.role === role);
  if (found === undefined) throw new Error(`no view of ${site} as ${role}`);
  return found;
}

test("keeps every policy on both sites, in both roles and at a flip", () => {
  for (const view of views) expect(checkStack(RULES, view)).toEqual([]);
  expect(checkSites(RULES, stack("primary", "active"), stack("secondary", "standby"))).toEqual([]);
  for (const site of SITES) {
    expect(checkFlip(RULES, stack(site, "active"), stack(site, "standby"))).toEqual([]);
    expect(checkFlip(RULES, stack(site, "standby"), stack(site, "active"))).toEqual([]);
  }
});

test("is what it says: its own names and settings, over the defaults", () => {
  const active = stack("secondary", "active").resources;
  const specOf = (name: string) => active.find((resource) => resource.name === name)?.props;
  expect(at(specOf("database-cluster"), "metadata")).toMatchObject({ name: "acid-registry", namespace: "registry" });
  expect(at(specOf("database-cluster"), "spec.numberOfInstances")).toBe(3);
  expect(at(specOf("registry-registry"), "spec.helmValues.core.replicas")).toBe(2);
  expect(at(specOf("registry-registry"), "spec.helmValues.portal.replicas")).toBe(1);
  expect(active.some(({ type }) => type.includes("DNSEndpoint"))).toBe(false);
});

test("runs the package's steps from where the package is", () => {
  const steps = stack("primary", "active").resources.flatMap(({ props }) =>
    typeof props.create === "string" ? [props.create] : [],
  );
  expect(steps.length).toBeGreaterThanOrEqual(4);
  for (const line of steps) expect(line).toMatch(/^node --import tsx \S+\/steps\/\w+\.ts$/);
});

test("names the versions that the package is made with, and what the type check knows is what the package exports", () => {
  const [own, example] = [json("package.json"), json("examples/own-program/package.json")];
  const all = { ...own.dependencies, ...own.devDependencies };
  const { "harbor-dr": ours, ...others } = { ...example.dependencies, ...example.devDependencies };
  expect(ours).toBe("file:../..");
  expect(others).toEqual(Object.fromEntries(Object.keys(others).map((name) => [name, all[name]])));
  const { paths } = json("tsconfig.json").compilerOptions as { paths: Record<string, string[]> };
  const exported = own.exports as Record<string, string>;
  expect(paths).toEqual(
    Object.fromEntries(Object.keys(paths).map((name) => [name, [exported[name.replace("harbor-dr", ".")]]])),
  );
});
