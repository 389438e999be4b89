/**
 * Runs a tree's program without an engine, for both sites in both roles: four views. The program is run
 * as the engine runs it, from its entry point and its committed configuration, so this works on any tree
 * whatever its inner modules look like. The home site comes first: what it exports is what the other
 * site's StackReference finds.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Pulumi from "@pulumi/pulumi";
import { type ResourceRecord, TYPES } from "../../policies/record.ts";
import { HOME_SITE, type Role, roleOf, SITES, type Site } from "../../sites.ts";
import { type Recording, recordingMonitor } from "./monitor.ts";
import { madeSecrets } from "./placeholders.ts";
import { readProject, readStack } from "./project.ts";

/** One site in one role. */
export interface View {
  readonly site: Site;
  readonly activeSite: Site;
  readonly role: Role;
  readonly resources: readonly ResourceRecord[];
}

/** All that a tree says. */
export interface Tree {
  /** The committed value of `activeSite`. */
  readonly activeSite: Site;
  readonly views: readonly View[];
  /** Encrypted configuration values by stack and key: their texts, to tell a change. */
  readonly ciphertexts: Readonly<Record<string, string>>;
}

/** The modules of the tree's own Pulumi SDK. A program and its recorder must share them. */
interface Sdk {
  readonly pulumi: typeof Pulumi;
  readonly mocks: typeof import("@pulumi/pulumi/runtime/mocks.js");
  readonly settings: typeof import("@pulumi/pulumi/runtime/settings.js");
}

/** Runs the program in `folder` four times. The process's working folder must be that folder. */
export async function viewsOf(folder: string): Promise<Tree> {
  const project = readProject(folder);
  const sdk = await loadSdk(folder);
  // The SDK keeps a stack trace for every promise that it makes: a fifth of a run, for traces nobody reads.
  Error.stackTraceLimit = 1;
  const views: View[] = [];
  const ciphertexts: Record<string, string> = {};
  for (const activeSite of SITES) {
    let home: Record<string, unknown> = {};
    for (const site of [...SITES].sort((one) => (one === HOME_SITE ? -1 : 1))) {
      const stack = readStack(folder, site, activeSite);
      for (const [key, text] of Object.entries(stack.ciphertexts)) ciphertexts[`${site} ${key}`] = text;
      const entry = pathToFileURL(join(folder, project.main)).href;
      const recording = await run(
        sdk,
        project.name,
        site,
        stack,
        `${entry}?site=${site}&activeSite=${activeSite}`,
        home,
      );
      if (site === HOME_SITE) home = recording.outputs;
      const resources = [...recording.resources].sort((one, other) => (one.urn < other.urn ? -1 : 1));
      views.push({ site, activeSite, role: roleOf(site, activeSite), resources });
    }
  }
  return { activeSite: project.activeSite, views, ciphertexts };
}

async function loadSdk(folder: string): Promise<Sdk> {
  const require = createRequire(join(folder, "package.json"));
  const load = (name: string) => import(pathToFileURL(require.resolve(name)).href);
  const [pulumi, mocks, settings] = await Promise.all(
    ["@pulumi/pulumi", "@pulumi/pulumi/runtime/mocks.js", "@pulumi/pulumi/runtime/settings.js"].map(load),
  );
  return { pulumi: pulumi.default ?? pulumi, mocks: mocks.default ?? mocks, settings: settings.default ?? settings };
}

async function run(
  { pulumi, mocks, settings }: Sdk,
  project: string,
  site: Site,
  stack: ReturnType<typeof readStack>,
  entry: string,
  home: Readonly<Record<string, unknown>>,
): Promise<Recording> {
  const recording: Recording = { resources: [], outputs: {} };
  const placeholders = new Set(stack.secretKeys.map((key) => stack.values[key] ?? "").filter((value) => value !== ""));
  const reference = {
    outputs: home,
    secretOutputNames: Object.keys(home).filter((key) => /secret|password/i.test(key)),
  };
  for (const value of secretsIn(home)) placeholders.add(value);
  const answers: Pulumi.runtime.Mocks = {
    newResource: ({ type, name, inputs, id }) => {
      const secrets = madeSecrets(type, name);
      for (const value of Object.values(secrets)) placeholders.add(value);
      const made = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, pulumi.secret(value)]));
      const found = type === TYPES.stackReference ? reference : {};
      return { id: id ?? `${name}-id`, state: { ...inputs, ...made, ...found } };
    },
    call: () => ({}),
  };
  await mocks.setMocks(answers, project, site, true);
  const monitor = recordingMonitor(mocks.MockMonitor, recording, {
    mocks: answers,
    placeholders,
    // Of what the home stack exports, only what both sites must agree on is worth comparing.
    found: (type) => (type === TYPES.stackReference ? { outputs: { agreement: home.agreement ?? null } } : {}),
  });
  settings.setMockOptions(monitor, project, site, true);
  pulumi.runtime.setAllConfig({ ...stack.values }, [...stack.secretKeys]);
  await settled(async () => {
    await pulumi.runtime.runInPulumiStack(async () => ({ ...(await import(entry)) }));
    await pulumi.runtime.disconnect();
  });
  return recording;
}

/** Runs to the end, or to the first failure, one inside a promise that nobody waits for included. */
async function settled(program: () => Promise<void>): Promise<void> {
  const unseen: { fail?: (reason: unknown) => void } = {};
  const failure = new Promise<never>((_, reject) => {
    unseen.fail = reject;
  });
  const fail = (reason: unknown) => unseen.fail?.(reason);
  process.on("unhandledRejection", fail);
  try {
    await Promise.race([program(), failure]);
  } finally {
    process.off("unhandledRejection", fail);
  }
}

/** Every placeholder among what the home stack exports. */
function secretsIn(value: unknown): string[] {
  if (typeof value === "string") return value.includes("Placeholder") ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(secretsIn) : [];
}
