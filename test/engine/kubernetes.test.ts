/** Conformance of the provider `kubernetes` in what a program may rely on when all goes well, and in replacing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../lab/pulumi/values.ts";
import { type Bench, ENGINES, ok, openBench, SKIP, type Stack, said } from "./bench.ts";
import { configMap, installWidgets, WIDGETS, widget } from "./objects.ts";

describe.skipIf(SKIP).each(ENGINES)("kubernetes with $name", ({ standIns }) => {
  let bench: Bench;
  let stack: Stack;
  const get = (path: string) => bench.server.api.ask("GET", path);
  const dataOf = async (name: string) => (await get(`/api/v1/namespaces/default/configmaps/${name}`)).data;
  const uidOf = async (path: string) => ((await get(path)).metadata as JsonObject).uid;

  beforeAll(async () => {
    bench = await openBench(standIns);
    await installWidgets(bench.server.api);
  });
  afterAll(() => bench?.close());

  it("previews, creates, and has nothing to do the second time", async () => {
    stack = await bench.stack("changes");
    stack.declare({
      objects: { settings: configMap("settings", { colour: "red", size: "1" }), one: widget("one", { size: 1 }) },
    });
    const preview = await stack.preview();
    expect(said(preview)).toContain('colour: "red"');
    expect(preview.code).toBe(0);
    await expect(dataOf("settings")).rejects.toThrow("not found");
    const up = await stack.up();
    expect(said(up)).toMatch(/\+ 4 created/);
    expect(await dataOf("settings")).toEqual({ colour: "red", size: "1" });
    const again = await stack.up("--expect-no-changes");
    expect(said(again)).toMatch(/4 unchanged/);
    expect(again.code).toBe(0);
  });

  it("updates custom resources in place, field by field, and removes what is no longer declared", async () => {
    const uid = await uidOf(`${WIDGETS}/one`);
    stack.declare({
      objects: {
        settings: configMap("settings", { colour: "red", size: "1" }),
        one: widget("one", { colour: "blue" }),
      },
    });
    const preview = await stack.preview();
    expect(said(preview)).toMatch(/- size\s*: 1/);
    expect(said(preview)).toMatch(/\+ colour\s*: "blue"/);
    ok(await stack.up());
    const live = await get(`${WIDGETS}/one`);
    expect(live.spec).toEqual({ colour: "blue" });
    expect(await uidOf(`${WIDGETS}/one`)).toBe(uid);
  });

  it("replaces a ConfigMap whose data changed, deleting first because its name is given", async () => {
    const uid = await uidOf("/api/v1/namespaces/default/configmaps/settings");
    stack.declare({
      objects: { settings: configMap("settings", { colour: "green" }), one: widget("one", { colour: "blue" }) },
    });
    const preview = await stack.preview();
    expect(said(preview)).toMatch(/replace/);
    ok(await stack.up());
    expect(await dataOf("settings")).toEqual({ colour: "green" });
    expect(await uidOf("/api/v1/namespaces/default/configmaps/settings")).not.toBe(uid);
  });

  it("changes a ConfigMap in place where the provider says that it may", async () => {
    const uid = await uidOf("/api/v1/namespaces/default/configmaps/settings");
    const provider = { enableConfigMapMutable: true };
    stack.declare({
      provider,
      objects: { settings: configMap("settings", { colour: "white" }), one: widget("one", { colour: "blue" }) },
    });
    ok(await stack.up());
    expect(await dataOf("settings")).toEqual({ colour: "white" });
    expect(await uidOf("/api/v1/namespaces/default/configmaps/settings")).toBe(uid);
  });

  it("makes a new object for a new name and deletes the old one", async () => {
    stack.declare({ objects: { settings: configMap("settings-2", { colour: "white" }) } });
    ok(await stack.up());
    expect(await dataOf("settings-2")).toEqual({ colour: "white" });
    await expect(dataOf("settings")).rejects.toThrow("not found");
    await expect(get(`${WIDGETS}/one`)).rejects.toThrow("not found");
  });

  it("makes up a name where none is given, and keeps it", async () => {
    const unnamed = { apiVersion: "v1", kind: "ConfigMap", metadata: {}, data: { a: "1" } };
    stack.declare({ objects: { settings: configMap("settings-2", { colour: "white" }), unnamed } });
    ok(await stack.up());
    const { unnamed: id } = await stack.outputs();
    expect(id).toMatch(/^default\/unnamed-[0-9a-f]{8}$/);
    ok(await stack.up("--expect-no-changes"));
  });

  it("sees on refresh what somebody else changed, and puts it back", async () => {
    stack.declare({ objects: { one: widget("one", { size: 1 }) } });
    ok(await stack.up());
    const query = { fieldManager: "somebody", force: "true" };
    const body = widget("one", { size: 9 });
    await bench.server.api.ask("PATCH", `${WIDGETS}/one`, { body, query, contentType: "application/apply-patch+yaml" });
    const refresh = await stack.pulumi(["refresh", "--yes", "--skip-preview", "--diff"]);
    expect(said(refresh)).toMatch(/~ size\s*: 1 => 9/);
    stack.declare({ objects: { one: widget("one", { size: 1 }, { "pulumi.com/patchForce": "true" }) } });
    ok(await stack.up());
    expect((await get(`${WIDGETS}/one`)).spec).toEqual({ size: 1 });
  });

  it("deletes what it made", async () => {
    const destroy = await stack.destroy();
    expect(said(destroy)).toMatch(/deleted/);
    await expect(get(`${WIDGETS}/one`)).rejects.toThrow("not found");
  });
});
