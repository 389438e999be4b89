/**
 * The policy pack as users run it: the genuine CLI, the program and the pack unmodified, against a real API
 * server that knows the operators' kinds. Previews only, so that nothing needs the operators themselves.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { checkout } from "../../lab/layout.ts";
import type { RunResult } from "../../lab/pulumi/engine.ts";
import type { JsonObject } from "../../lab/pulumi/values.ts";
import { waitFor } from "../../lab/wait.ts";
import { type Bench, ENGINES, ok, openBench, SKIP, said } from "./bench.ts";

/** What the program consists of. */
const PROGRAM = [
  "Pulumi.yaml",
  "package.json",
  "tsconfig.json",
  "index.ts",
  "site.ts",
  "sites.ts",
  "config.ts",
  "outputs.ts",
  "config",
  "kinds",
  "components",
  "steps",
  "policies",
];

/** Edits that a pull request might contain. What breaks one resource's rules ends a preview before the stack's rules are asked. */
const RESOURCE_EDITS = [
  { file: "components/harborSpec.ts", from: 'sslmode: "require"', to: 'sslmode: "disable" as "require"' },
  { file: "components/postgresCluster.ts", from: "protect: true", to: "protect: false" },
];
const STACK_EDITS = [
  { file: "components/harbor.ts", from: "[...after, ...secrets]", to: "[...after.slice(0, 0), ...secrets]" },
  { file: "components/harborSpec.ts", from: "standby: () => 0", to: "standby: () => 1" },
];

describe.skipIf(SKIP).each(ENGINES)("the policy pack with $name", ({ standIns }) => {
  let bench: Bench;
  let folder: string;

  beforeAll(async () => {
    bench = await openBench(standIns);
    await installKinds(bench);
    folder = join(bench.home, "program");
    mkdirSync(folder);
    for (const entry of PROGRAM) cpSync(join(checkout, entry), join(folder, entry), { recursive: true });
    symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
    ok(await pulumi("stack", "init", "primary"));
    const file = join(folder, "Pulumi.primary.yaml");
    const given = parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const config = { "harbor-dr:site": "primary", "harbor-dr:kubeconfig": bench.server.kubeconfig };
    writeFileSync(file, stringify({ ...given, config }));
  });
  afterAll(() => bench?.close());

  const pulumi = (...args: string[]): Promise<RunResult> =>
    bench.engine.run(args, { cwd: folder, timeoutSeconds: 150 });

  const preview = (activeSite: string, ...more: string[]): Promise<RunResult> =>
    pulumi("preview", "--policy-pack", "policies", "--config", `harbor-dr:activeSite=${activeSite}`, ...more);

  function edit(edits: typeof RESOURCE_EDITS, back = false): void {
    for (const { file, from, to } of edits) {
      const text = readFileSync(join(folder, file), "utf8");
      const [old, now] = back ? [to, from] : [from, to];
      expect(text).toContain(old);
      writeFileSync(join(folder, file), text.replace(old, now));
    }
  }

  it("lets the committed program pass in both roles", async () => {
    for (const activeSite of ["primary", "secondary"]) {
      const passed = ok(await preview(activeSite));
      expect(said(passed)).toMatch(/harbor-dr@v\d/);
      expect(said(passed)).not.toContain("Fix:");
    }
  });

  it("refuses what breaks the rules of a resource, names resource, value, rule and fix, and can advise only", async () => {
    edit(RESOURCE_EDITS);
    const refused = await preview("primary");
    expect(refused.code).not.toBe(0);
    expect(said(refused)).toContain(
      'harbor-registry (Harbor): spec.helmValues.database.external.sslmode is "disable"; it must be require or verify-ca or verify-full. Rule database-tls. Fix: ',
    );
    expect(said(refused)).toContain(
      "database-cluster (postgresql): protect is false; it must be true. Rule stateful-protected. Fix: ",
    );
    const configuration = join(folder, "policy-config.json");
    writeFileSync(configuration, JSON.stringify({ "database-tls": "advisory", "stateful-protected": "advisory" }));
    const advised = await preview("primary", "--policy-pack-config", configuration);
    expect(said(ok(advised))).toContain("[advisory]");
    edit(RESOURCE_EDITS, true);
  });

  it("refuses what breaks the rules of the stack, from what the engine knows of roles and dependencies", async () => {
    edit(STACK_EDITS);
    const active = await preview("primary");
    expect(active.code).not.toBe(0);
    expect(said(active)).toContain(
      "harbor-registry (Harbor): dependsOn is without database-proof; it must be such that Harbor waits until " +
        "proveDatabase has proved that the database takes writes. Rule harbor-after-proofs. Fix: ",
    );
    expect(said(active)).not.toContain("standby-runs-nothing");
    const standby = await preview("secondary");
    expect(standby.code).not.toBe(0);
    expect(said(standby)).toContain(
      "harbor-registry (Harbor): spec.helmValues.core.replicas is 1; it must be 0, because the site is standby. Rule standby-runs-nothing. Fix: ",
    );
  });
});

/** The operators' kinds and the namespaces, which the program looks for first. */
async function installKinds({ server }: Bench): Promise<void> {
  const crds = join(checkout, "lab", "crds");
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const names = readdirSync(crds).filter((file) => file.endsWith(".yaml"));
  for (const file of names) {
    const body = parse(readFileSync(join(crds, file), "utf8")) as JsonObject;
    await server.api.ask("POST", definitions, { body });
  }
  for (const name of ["harbor", "rook-ceph"]) {
    await server.api.ask("POST", "/api/v1/namespaces", { body: { metadata: { name } } });
  }
  await waitFor(
    "the operators' kinds",
    async () => {
      const list = (await server.api.ask("GET", definitions)) as {
        items?: { status?: { conditions?: { type: string; status: string }[] } }[];
      };
      const ready = (list.items ?? []).filter(({ status }) =>
        status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True"),
      );
      return ready.length >= names.length ? ready : undefined;
    },
    { seconds: 60 },
  );
}
