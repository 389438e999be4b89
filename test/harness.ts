/**
 * Runs the program without an engine: `deploy({site, activeSite})` answers with every resource that it
 * declares, as sorted records. The mocks see inputs; the resource transformation sees options and which
 * values are marked secret, leaf by leaf. Both are joined here. Duplicates, warnings and promises that
 * fail unseen make a run fail, for every test that uses it.
 */
import * as pulumi from "@pulumi/pulumi";
import { agreementOf } from "../components/homeStack.ts";
import { SECRET_NAMES } from "../config/secretKeys.ts";
import { PROJECT } from "../config.ts";
import { declareSite } from "../site.ts";
import type { Site } from "../sites.ts";
import { configurationOf } from "./committed.ts";
import { collectNoise, type Noise } from "./noise.ts";
import { isMarked, plain, secretPaths, settled } from "./values.ts";

/** One declared resource. */
export interface DeclaredResource {
  readonly type: string;
  readonly name: string;
  /** The types of its ancestors and its own, and its name: what the engine makes a URN of. */
  readonly urn: string;
  /** Its inputs as they reach the engine, without marks. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Paths of the inputs that are marked secret, such as `environment.DR_ADMIN_PASSWORD`. */
  readonly secretPaths: readonly string[];
  /** Inputs that carry a mark on the wire to the engine, by their first key. */
  readonly markedOnWire: readonly string[];
  readonly parent: string | undefined;
  readonly provider: string | undefined;
  readonly protect: boolean;
  /** Names of the resources that it waits for, by dependsOn. */
  readonly dependsOn: readonly string[];
}

/** What a run of the program declared and exported. */
export interface Deployment {
  readonly resources: readonly DeclaredResource[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Paths of the outputs that are marked secret. */
  readonly secretOutputs: readonly string[];
  /** Functions that the program called, such as the preflight and the gate. */
  readonly calls: readonly Call[];
  /** What the program told the person at the terminal. */
  readonly said: readonly string[];
}

export interface Call {
  readonly token: string;
  readonly inputs: Readonly<Record<string, unknown>>;
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

/** A run that ended in an error, with what it had declared by then. */
export interface Refused {
  readonly failure: Error;
  readonly declared: readonly string[];
  readonly calls: readonly Call[];
}

/** Secrets of a home stack that was applied: recognisable, and never written to a golden file. */
export const HOME_SECRETS = Object.fromEntries(SECRET_NAMES.map((name) => [name, `home-${name}`]));

/** Declares the site of `variation` and waits until everything is registered. */
export async function deploy(variation: Variation): Promise<Deployment> {
  const { deployment, noise } = await run(variation);
  if (deployment instanceof Error) throw deployment;
  const unexpected = [...noise.warnings, ...noise.rejections.map(String)];
  if (unexpected.length > 0) throw new Error(`the run was not clean:\n${unexpected.join("\n")}`);
  return deployment;
}

/** Declares the site of a variation that the program must refuse. */
export async function refused(variation: Variation): Promise<Refused> {
  const { deployment, seen } = await run(variation);
  if (!(deployment instanceof Error)) throw new Error("the program accepted what it should refuse");
  return { failure: deployment, declared: [...seen.resources.keys()].map(nameIn), calls: seen.calls };
}

/** A failing function of a provider, in the form in which the engine reports one. */
export function providerError(details: string): Error {
  return Object.assign(new Error(details), { details });
}

/** What mocks and transformation saw. */
class Seen {
  readonly resources = new Map<string, { readonly inputs: Record<string, unknown> }>();
  readonly registrations = new Map<string, { props: unknown; opts: pulumi.CustomResourceOptions }>();
  readonly calls: Call[] = [];
}

async function run(variation: Variation): Promise<{ deployment: Deployment | Error; noise: Noise; seen: Seen }> {
  const { site, activeSite, values = {}, secretKeys = [], preview = false } = variation;
  const config = configurationOf({ site, values: { activeSite, ...values }, secretKeys });
  const seen = new Seen();
  await pulumi.runtime.setMocks(mocksOf(variation, seen), PROJECT, site, preview);
  const noise = collectNoise();
  // The SDK takes a stack for each of its thousands of promises; without them a run costs a quarter.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    let outputs: Record<string, unknown> = {};
    await pulumi.runtime.runInPulumiStack(async () => {
      pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
        seen.registrations.set(`${type}::${name}`, { props, opts });
        return undefined;
      });
      outputs = { ...(await declareSite(config)) };
      return outputs;
    });
    await pulumi.runtime.disconnect();
    return { deployment: await describe(seen, outputs, noise), noise, seen };
  } catch (error) {
    // What was under way when it failed still registers, or fails in turn.
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { deployment: error as Error, noise, seen };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    noise.end();
  }
}

function mocksOf(variation: Variation, seen: Seen): pulumi.runtime.Mocks {
  return {
    newResource: ({ type, name, inputs }) => {
      const key = `${type}::${name}`;
      if (seen.resources.has(key)) throw new Error(`declared twice: ${key}`);
      seen.resources.set(key, { inputs });
      return { id: `${name}-id`, state: { ...inputs, ...made(type, name, variation) } };
    },
    call: ({ token, inputs }) => {
      seen.calls.push({ token, inputs: plain(inputs) as Record<string, unknown> });
      return variation.call?.(String(inputs.command)) ?? {};
    },
  };
}

/** What the providers would add to a resource's inputs. */
function made(type: string, name: string, variation: Variation): Record<string, unknown> {
  if (type === "random:index/randomPassword:RandomPassword") {
    return { result: pulumi.secret(`made-${name}`), bcryptHash: pulumi.secret(`bcrypt-${name}`) };
  }
  if (type === "tls:index/privateKey:PrivateKey") return { privateKeyPem: pulumi.secret(`pem-${name}`) };
  if (type === "tls:index/selfSignedCert:SelfSignedCert") return { certPem: `pem-${name}` };
  if (type === "pulumi:pulumi:StackReference") return { name, outputs: variation.home ?? homeOutputs(variation) };
  if (type === "command:local:Command") return { stdout: JSON.stringify({ step: name, seconds: 1, proved: "mocked" }) };
  if (type === "kubernetes:core/v1:Secret" && name === "object-store-user-keys") {
    return { data: { AccessKey: base64("rook-access-key"), SecretKey: base64("rook-secret-key") } };
  }
  return {};
}

/** What the home stack exports once it was applied with the same configuration. */
export function homeOutputs({ site, activeSite, values = {}, secretKeys = [] }: Variation): Record<string, unknown> {
  const config = configurationOf({ site, values: { activeSite, ...values }, secretKeys });
  return { sharedSecrets: HOME_SECRETS, agreement: agreementOf(config) };
}

async function describe(seen: Seen, outputs: Record<string, unknown>, noise: Noise): Promise<Deployment> {
  const resources = [...seen.resources].map(async ([key, { inputs }]): Promise<DeclaredResource> => {
    const { props, opts } = seen.registrations.get(key) ?? { props: inputs, opts: {} };
    const [type = "", name = ""] = key.split("::");
    return {
      type,
      name,
      urn: [...ancestors(opts.parent), type].join("$").concat("::", name),
      inputs: plain(inputs) as Record<string, unknown>,
      secretPaths: await secretPaths(props),
      markedOnWire: Object.keys(inputs).filter((name) => isMarked(inputs[name])),
      parent: opts.parent === undefined ? undefined : nameOf(opts.parent),
      provider: opts.provider === undefined ? undefined : nameOf(opts.provider),
      protect: opts.protect === true,
      dependsOn: await dependenciesOf(opts.dependsOn),
    };
  });
  const sorted = (await Promise.all(resources)).sort((a, b) => (a.urn < b.urn ? -1 : 1));
  return {
    resources: sorted,
    outputs: (await settled(outputs)) as Record<string, unknown>,
    secretOutputs: await secretPaths(outputs),
    calls: seen.calls,
    said: noise.said,
  };
}

function ancestors(parent: pulumi.Resource | undefined): string[] {
  if (parent === undefined) return [];
  const { __pulumiType, __parentResource } = parent as unknown as {
    __pulumiType: string;
    __parentResource?: pulumi.Resource;
  };
  return __pulumiType === "pulumi:pulumi:Stack" ? [] : [...ancestors(__parentResource), __pulumiType];
}

async function dependenciesOf(given: pulumi.ResourceOptions["dependsOn"]): Promise<string[]> {
  const resolved = await settled(given);
  const list = resolved === undefined ? [] : Array.isArray(resolved) ? resolved : [resolved];
  return list.map(nameOf).sort();
}

function nameOf(resource: unknown): string {
  return (resource as { __name?: string }).__name ?? "unnamed";
}

const nameIn = (key: string) => key.slice(key.indexOf("::") + 2);

const base64 = (text: string) => Buffer.from(text).toString("base64");

const views = new Map<string, Promise<Deployment>>();

/** What `deploy` answers, run once for each site, active site and set of values: for tests that only look. */
export function view(
  site: Site,
  activeSite: Site,
  values: Readonly<Record<string, unknown>> = {},
): Promise<Deployment> {
  const key = JSON.stringify([site, activeSite, values]);
  const running = views.get(key) ?? deploy({ site, activeSite, values });
  views.set(key, running);
  return running;
}
