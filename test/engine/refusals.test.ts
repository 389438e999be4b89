/** Conformance of the provider `kubernetes` where something is in the way: what it refuses, waits for and resumes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiError } from "../../lab/pulumi/kubernetesApi.ts";
import type { JsonObject } from "../../lab/pulumi/values.ts";
import { waitFor } from "../../lab/wait.ts";
import { kubeconfigFor } from "./apiServer.ts";
import { type Bench, ENGINES, ok, openBench, SKIP, type Stack, said } from "./bench.ts";
import { configMap, installWidgets, setStatus, WIDGETS, waits, widget } from "./objects.ts";

describe.skipIf(SKIP).each(ENGINES)("kubernetes with $name", ({ standIns }) => {
  let bench: Bench;
  let stack: Stack;
  const get = (path: string) => bench.server.api.ask("GET", path);
  const specOf = async (name: string) => (await get(`${WIDGETS}/${name}`)).spec;
  const uidOf = async (name: string) => ((await get(`${WIDGETS}/${name}`)).metadata as JsonObject).uid;

  beforeAll(async () => {
    bench = await openBench(standIns);
    await installWidgets(bench.server.api);
    stack = await bench.stack("refusals");
  });
  afterAll(() => bench?.close());

  // The genuine plugin lets the API server drop the field with a warning on create; the stand-in is stricter.
  it.runIf(standIns)("refuses a misspelt field, in the preview too", async () => {
    stack.declare({ objects: { typo: widget("typo", { sise: 1 }) } });
    const preview = await stack.preview();
    expect(preview.code).not.toBe(0);
    expect(said(preview)).toContain('unknown field "spec.sise"');
    const up = await stack.up();
    expect(said(up)).toContain('unknown field "spec.sise"');
    await expect(specOf("typo")).rejects.toThrow(ApiError);
  });

  it("refuses a value that the schema does not allow, keeps what was made before, and resumes", async () => {
    const first = configMap("first", { a: "1" });
    stack.declare({ afterFirst: true, objects: { first, second: widget("second", { size: -1 }) } });
    const up = await stack.up();
    expect(up.code).not.toBe(0);
    expect(said(up)).toContain("should be greater than or equal to 0");
    expect(said(up)).toContain("was not successfully created by the Kubernetes API server");
    const { metadata } = await get("/api/v1/namespaces/default/configmaps/first");
    stack.declare({ afterFirst: true, objects: { first, second: widget("second", { size: 2 }) } });
    expect(said(ok(await stack.up()))).toMatch(/\+ 1 created/);
    expect((await get("/api/v1/namespaces/default/configmaps/first")).metadata).toEqual(metadata);
    expect(await specOf("second")).toEqual({ size: 2 });
  });

  it("does not take over an object that is there already", async () => {
    await bench.server.api.ask("POST", WIDGETS, { body: widget("theirs", { size: 7 }) });
    stack.declare({ objects: { theirs: widget("theirs", { size: 1 }) } });
    const up = await stack.up();
    expect(up.code).not.toBe(0);
    expect(said(up)).toContain('"theirs" already exists');
    expect(await specOf("theirs")).toEqual({ size: 7 });
  });

  it("takes it over when told to upsert", async () => {
    const provider = { upsertExistingObjects: true, enablePatchForce: true };
    stack.declare({ provider, objects: { theirs: widget("theirs", { size: 1 }) } });
    ok(await stack.up());
    expect(await specOf("theirs")).toEqual({ size: 1 });
  });

  it("reports a conflict with another field manager, and wins with patchForce", async () => {
    stack.declare({ objects: { shared: widget("shared", { size: 1 }) } });
    ok(await stack.up());
    const query = { fieldManager: "an-operator", force: "true" };
    const body = widget("shared", { size: 5 });
    await bench.server.api.ask("PATCH", `${WIDGETS}/shared`, {
      body,
      query,
      contentType: "application/apply-patch+yaml",
    });
    stack.declare({ objects: { shared: widget("shared", { size: 2 }) } });
    const up = await stack.up();
    expect(up.code).not.toBe(0);
    expect(said(up)).toContain("server-side apply field conflict detected");
    expect(said(up)).toContain('conflict with "an-operator"');
    expect(await specOf("shared")).toEqual({ size: 5 });
    stack.declare({ objects: { shared: widget("shared", { size: 2 }, { "pulumi.com/patchForce": "true" }) } });
    ok(await stack.up());
    expect(await specOf("shared")).toEqual({ size: 2 });
  });

  it("waits for a status, and goes on as soon as it is there", async () => {
    const annotations = waits(60, "jsonpath={.status.phase}=Ready", "condition=Healthy");
    stack.declare({ objects: { slow: widget("slow", { size: 1 }, annotations) } });
    let finished = false;
    const up = stack.up().finally(() => {
      finished = true;
    });
    await waitFor("the widget to be created", () => get(`${WIDGETS}/slow`), { seconds: 60 });
    await setStatus(bench.server.api, "slow", { phase: "Ready" });
    await new Promise((done) => setTimeout(done, 1500));
    expect(finished).toBe(false);
    await setStatus(bench.server.api, "slow", { phase: "Ready", conditions: [{ type: "Healthy", status: "True" }] });
    ok(await up);
  });

  it("fails when the status does not come in time, and resumes without making the object again", async () => {
    const never = widget("never", { size: 1 }, waits(2, "jsonpath={.status.phase}=Ready"));
    stack.declare({ objects: { never } });
    const up = await stack.up();
    expect(up.code).not.toBe(0);
    expect(said(up)).toContain("failed to fully initialize or become live: timed out waiting for the condition");
    const uid = await uidOf("never");
    await setStatus(bench.server.api, "never", { phase: "Ready" });
    ok(await stack.up());
    expect(await uidOf("never")).toBe(uid);
    ok(await stack.up("--expect-no-changes"));
  });

  it("waits for a deletion as long as a finalizer holds it", async () => {
    const held = widget("held", { size: 1 }, { "pulumi.com/timeoutSeconds": "2" });
    stack.declare({
      objects: {
        held: { ...held, metadata: { ...(held.metadata as JsonObject), finalizers: ["conformance.example/hold"] } },
      },
    });
    ok(await stack.up());
    stack.declare({});
    const stuck = await stack.up();
    expect(stuck.code).not.toBe(0);
    expect(said(stuck)).toContain("timed out waiting for the condition");
    const body = { metadata: { finalizers: [] } };
    await bench.server.api.ask("PATCH", `${WIDGETS}/held`, { body, contentType: "application/merge-patch+json" });
    ok(await stack.up());
  });

  it("tolerates a missing definition in a preview only", async () => {
    stack.declare({ objects: { odd: { ...widget("odd", {}), kind: "Gadget", apiVersion: "nowhere.example/v1" } } });
    ok(await stack.preview());
    const up = await stack.up();
    expect(up.code).not.toBe(0);
    expect(said(up)).toContain("Verify that any required CRDs have been created");
  });

  it("says within seconds that a cluster cannot be reached", async () => {
    const nowhere = kubeconfigFor("https://127.0.0.1:1");
    const lost = await bench.stack("unreachable");
    lost.declare({ objects: { a: configMap("a", {}) } }, { "conformance:kubeconfig": nowhere });
    const up = await lost.up();
    expect(up.code).not.toBe(0);
    expect(said(up)).toContain("configured Kubernetes cluster is unreachable");
    expect(said(up)).toContain("connection refused");
    expect(up.seconds).toBeLessThan(30);
  });

  it("says that a context does not exist", async () => {
    const lost = await bench.stack("no-context");
    lost.declare({ provider: { context: "elsewhere" }, objects: { a: configMap("a", {}) } });
    expect(said(await lost.up())).toContain('context "elsewhere" does not exist');
  });

  it.runIf(standIns)("refuses to be told to skip what it cannot reach, and what it does not have", async () => {
    const bold = await bench.stack("bold");
    bold.declare({ provider: { skipUpdateUnreachable: true }, objects: { a: configMap("a", {}) } });
    expect(said(await bold.preview())).toContain(
      "with skipUpdateUnreachable a dead cluster looks like a finished update",
    );
    bold.declare({ provider: { renderYamlToDirectory: "out" }, objects: { a: configMap("a", {}) } });
    expect(said(await bold.preview())).toContain(
      'does not have the provider option "renderYamlToDirectory"; install the Pulumi plugins',
    );
  });
});
