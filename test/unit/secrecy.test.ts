/** Secrets: marked wherever they stand, and standing nowhere but in Secret objects and steps' environments. */
import { describe, expect, it } from "vitest";
import { SECRET_NAMES } from "../../config/secretKeys.ts";
import { SITES, type Site } from "../../sites.ts";
import { STEP_INPUTS, type StepName } from "../../steps/inputs.ts";
import { type DeclaredResource, view } from "../harness.ts";
import { leaves, textsIn } from "../values.ts";

const values = { routing: { type: "externalDns" } };
const VIEWS = SITES.flatMap((site) => SITES.map((activeSite): [Site, Site] => [site, activeSite]));
/** Every secret's text is made by the mocks, so that it can be recognised wherever it turns up. */
const SECRET_TEXT = /(made|bcrypt|pem)-secrets-\w+|home-(?!stack)[a-z]+[A-Z]\w+/;

const isSecretObject = ({ type }: DeclaredResource) => type === "kubernetes:core/v1:Secret";
const isStep = ({ type }: DeclaredResource) => type === "command:local:Command";
/** The resources that make secrets, and the reference that brings them. */
const isSource = ({ type }: DeclaredResource) => /^(random|tls|pulumi:pulumi:StackReference)/.test(type);

describe.each(VIEWS)("%s while %s is active", (site, activeSite) => {
  const declared = async () => (await view(site, activeSite, values)).resources;

  it("marks every value of every Secret", async () => {
    const secrets = (await declared()).filter(isSecretObject);
    expect(secrets).toHaveLength(15);
    for (const { name, inputs, secretPaths } of secrets) {
      const paths = Object.keys(inputs.stringData as object).map((key) => `stringData.${key}`);
      expect([name, secretPaths]).toEqual([name, paths.sort()]);
      expect(inputs.data).toBeUndefined();
    }
  });

  it("marks every secret of a step's environment, and nothing else: a diff still shows the role", async () => {
    const steps = (await declared()).filter(isStep);
    expect(steps.length).toBeGreaterThanOrEqual(5);
    for (const { name, inputs, secretPaths } of steps) {
      const step = /steps\/(\w+)\.ts/.exec(String(inputs.create))?.[1] as StepName;
      const secret = Object.entries(STEP_INPUTS[step]).flatMap(([key, given]) => (given === "secret" ? [key] : []));
      expect([name, secretPaths]).toEqual([name, secret.map((key) => `environment.${key}`).sort()]);
    }
  });

  it("gives every step exactly the variables that it reads", async () => {
    for (const { name, inputs } of (await declared()).filter(isStep)) {
      const step = /steps\/(\w+)\.ts/.exec(String(inputs.create))?.[1] as StepName;
      const given = Object.keys(inputs.environment as object);
      const table = Object.entries(STEP_INPUTS[step]);
      const required = table.flatMap(([key, how]) => (how === "optional" ? [] : [key]));
      expect([name, given.filter((key) => !table.some(([known]) => known === key))]).toEqual([name, []]);
      expect([name, required.filter((key) => !given.includes(key))]).toEqual([name, []]);
    }
  });

  it("has no secret text anywhere else", async () => {
    const elsewhere = (await declared()).filter((one) => !isSecretObject(one) && !isStep(one) && !isSource(one));
    expect(elsewhere.length).toBeGreaterThan(10);
    expect(elsewhere.filter(({ inputs }) => textsIn(inputs).some((text) => SECRET_TEXT.test(text)))).toEqual([]);
  });

  it("has no secret text outside the marked variables of a step, nor in its command line", async () => {
    for (const { inputs, secretPaths } of (await declared()).filter(isStep)) {
      const open = [...leaves(inputs)].filter(([path]) => !secretPaths.includes(path));
      expect(open.filter(([, value]) => SECRET_TEXT.test(String(value)))).toEqual([]);
    }
  });

  it("has no secret text in a name", async () => {
    const names = (await declared()).flatMap(({ urn, inputs }) => [urn, ...textsIn(inputs.metadata)]);
    expect(names.filter((name) => /made-|bcrypt-|pem-|home-[a-z]+[A-Z]/.test(name))).toEqual([]);
  });

  it("marks the outputs that carry secrets, and only those", async () => {
    const { secretOutputs, outputs } = await view(site, activeSite, values);
    const shared = SECRET_NAMES.map((name) => `sharedSecrets.${name}`);
    expect(secretOutputs).toEqual(["adminPassword", ...shared].sort());
    const open = [...leaves(outputs)].filter(([path]) => !secretOutputs.includes(path));
    expect(open.filter(([, value]) => SECRET_TEXT.test(String(value)))).toEqual([]);
  });
});

it("keeps the marks on the wire: the engine sees them, not only the program", async () => {
  const { resources } = await view("primary", "primary", values);
  expect(resources.filter(isSecretObject).every(({ markedOnWire }) => markedOnWire.includes("stringData"))).toBe(true);
  const withSecrets = resources.filter((one) => isStep(one) && one.secretPaths.length > 0);
  expect(withSecrets.every(({ markedOnWire }) => markedOnWire.includes("environment"))).toBe(true);
});

describe("protection", () => {
  const STATEFUL = /postgresql$|CephObject|CephBlockPool|:Harbor$|^random:|^tls:/;
  it.each(VIEWS)(
    "of %s while %s is active: everything that holds data or keys, nothing else",
    async (site, activeSite) => {
      const resources = (await view(site, activeSite, values)).resources.filter(
        ({ type }) => !type.startsWith("harbor-dr:"),
      );
      const expected = resources.filter(({ type }) => STATEFUL.test(type)).map(({ name }) => name);
      expect(resources.filter(({ protect }) => protect).map(({ name }) => name)).toEqual(expected);
      expect(expected.length).toBeGreaterThan(6);
    },
  );
});

it.each(VIEWS)(
  "%s while %s is active: steps update in place, and taking one away acts on nothing",
  async (site, activeSite) => {
    for (const { inputs } of (await view(site, activeSite, values)).resources.filter(isStep)) {
      expect(inputs.update).toBe(inputs.create);
      expect([inputs.delete, inputs.triggers]).toEqual([undefined, undefined]);
      expect(inputs.create).toMatch(/^node --import tsx steps\/\w+\.ts$/);
    }
  },
);

it.each(VIEWS)("%s while %s is active: every object goes to the site's own cluster", async (site, activeSite) => {
  const { resources } = await view(site, activeSite, values);
  const objects = resources.filter(({ type }) => type.startsWith("kubernetes:"));
  expect(objects.filter(({ provider }) => provider !== "cluster")).toEqual([]);
  const provider = resources.find(({ type }) => type === "pulumi:providers:kubernetes");
  expect(provider?.inputs).toMatchObject({ context: `harbor-${site}`, clusterIdentifier: `harbor-dr-${site}` });
  // With either of them a demotion that never happened would look done.
  expect(provider?.inputs).not.toHaveProperty("skipUpdateUnreachable");
  expect(provider?.inputs).not.toHaveProperty("deleteUnreachable");
});
