/**
 * Runs the program without an engine: `deploy(site, activeSite)` answers with every resource that it
 * declares, as sorted records. The mocks see inputs; the resource transformation sees options. Both are
 * joined here, and names, duplicates and warnings are checked for every test that uses it.
 */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { agreementOf } from "../components/homeStack.ts";
import { SECRET_NAMES } from "../config/secretKeys.ts";
import { PROJECT, parseConfiguration } from "../config.ts";
import { declareSite } from "../site.ts";
import type { Site } from "../sites.ts";

/** One declared resource. */
export interface DeclaredResource {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly parent: string | undefined;
  readonly protect: boolean;
  /** Names of the resources that it waits for, by dependsOn. */
  readonly dependsOn: readonly string[];
}

/** What a run of the program declared and exported. */
export interface Deployment {
  readonly resources: readonly DeclaredResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Functions that the program called, such as the preflight and the gate. */
  readonly calls: readonly { readonly token: string; readonly inputs: Readonly<Record<string, unknown>> }[];
}

/** How a run differs from the committed configuration. */
export interface Variation {
  readonly site: Site;
  readonly activeSite: Site;
  /** Further keys, without the project's name; structures as objects. */
  readonly values?: Readonly<Record<string, unknown>>;
  readonly secretKeys?: readonly string[];
  readonly preview?: boolean;
  /** What the home stack exports; complete and in agreement when absent. */
  readonly home?: Readonly<Record<string, unknown>>;
  /** Answers of `command:local:run`, by step. */
  readonly call?: (command: string) => Readonly<Record<string, unknown>>;
}

/** The committed configuration of a site's stack, as the engine merges it. */
export function committedConfiguration(site: Site): Record<string, string> {
  const project = parse(readFileSync("Pulumi.yaml", "utf8")) as {
    config: Record<string, { default?: unknown; value?: unknown }>;
  };
  const stack = parse(readFileSync(`Pulumi.${site}.yaml`, "utf8")) as { config: Record<string, unknown> };
  const shared = Object.entries(project.config).map(([key, { default: fallback, value }]) => [key, value ?? fallback]);
  const entries = [...shared, ...Object.entries(stack.config)].map(([key, value]) => [
    String(key).includes(":") ? String(key) : `${PROJECT}:${key}`,
    asText(value),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** A configuration value as the engine hands it over. */
export function asText(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Secrets of a home stack that was applied: recognisable, and never written to a golden file. */
export const HOME_SECRETS = Object.fromEntries(SECRET_NAMES.map((name) => [name, `home-${name}`]));

/** Declares the site of `variation` and waits until everything is registered. */
export async function deploy(variation: Variation): Promise<Deployment> {
  const { site, activeSite, values = {}, preview = false } = variation;
  const resources = new Map<string, DeclaredResource>();
  const options = new Map<string, pulumi.ResourceOptions>();
  const calls: { token: string; inputs: Record<string, unknown> }[] = [];
  const raw = { ...committedConfiguration(site), [`${PROJECT}:activeSite`]: activeSite };
  for (const [key, value] of Object.entries(values)) raw[`${PROJECT}:${key}`] = asText(value);
  const secretKeys = new Set((variation.secretKeys ?? []).map((key) => `${PROJECT}:${key}`));
  const config = parseConfiguration({ values: raw, isSecret: (key) => secretKeys.has(key) }, site);

  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const key = `${type}::${name}`;
        if (resources.has(key)) throw new Error(`declared twice: ${key}`);
        resources.set(key, { type, name, inputs, parent: undefined, protect: false, dependsOn: [] });
        return { id: `${name}-id`, state: { ...inputs, ...made(type, name, variation) } };
      },
      call: ({ token, inputs }) => {
        calls.push({ token, inputs });
        return variation.call?.(String(inputs.command)) ?? {};
      },
    },
    PROJECT,
    site,
    preview,
  );
  let outputs: Record<string, unknown> = {};
  await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
      options.set(`${type}::${name}`, opts);
      return undefined;
    });
    outputs = { ...(await declareSite(config)) };
    return outputs;
  });
  await pulumi.runtime.disconnect();
  const joined = await Promise.all(
    [...resources].map(async ([key, resource]) => ({ ...resource, ...(await describe(options.get(key))) })),
  );
  return { resources: joined.sort((a, b) => (a.name < b.name ? -1 : 1)), outputs, calls };
}

/** What the providers would add to a resource's inputs. */
function made(type: string, name: string, variation: Variation): Record<string, unknown> {
  if (type === "random:index/randomPassword:RandomPassword")
    return { result: `made-${name}`, bcryptHash: `bcrypt-${name}` };
  if (type === "tls:index/privateKey:PrivateKey") return { privateKeyPem: `pem-${name}` };
  if (type === "tls:index/selfSignedCert:SelfSignedCert") return { certPem: `pem-${name}` };
  if (type === "pulumi:pulumi:StackReference") return { name, outputs: variation.home ?? homeOutputs(variation) };
  if (type === "command:local:Command") return { stdout: JSON.stringify({ step: name, seconds: 1, proved: "mocked" }) };
  return {};
}

function homeOutputs({ site, activeSite, values = {} }: Variation): Record<string, unknown> {
  const raw = { ...committedConfiguration(site), [`${PROJECT}:activeSite`]: activeSite };
  for (const [key, value] of Object.entries(values)) raw[`${PROJECT}:${key}`] = asText(value);
  return { sharedSecrets: HOME_SECRETS, agreement: agreementFor(raw, site) };
}

function agreementFor(raw: Record<string, string>, site: Site) {
  return agreementOf(parseConfiguration({ values: raw, isSecret: () => true }, site));
}

async function describe(opts: pulumi.ResourceOptions | undefined) {
  const parent = opts?.parent === undefined ? undefined : nameOf(opts.parent);
  return { parent, protect: opts?.protect ?? false, dependsOn: await dependenciesOf(opts?.dependsOn) };
}

async function dependenciesOf(given: pulumi.ResourceOptions["dependsOn"]): Promise<string[]> {
  const resolved = await new Promise<unknown>((resolve) => {
    pulumi.output(given as pulumi.Input<unknown>).apply(resolve);
  });
  const list = resolved === undefined ? [] : Array.isArray(resolved) ? resolved : [resolved];
  return list.map(nameOf).sort();
}

function nameOf(resource: unknown): string {
  return (resource as { __name?: string }).__name ?? "unnamed";
}
