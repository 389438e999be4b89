/** What the other site takes from the home site's stack, and what happens when that stack is not ready, or differs. */
import { describe, expect, it } from "vitest";
import { type Agreement, agreementOf, checkHome } from "../../components/homeStack.ts";
import { SECRET_NAMES } from "../../config/secretKeys.ts";
import { changed, configurationOf } from "../committed.ts";
import { deploy, HOME_SECRETS, homeOutputs, refused } from "../harness.ts";

const own = agreementOf(configurationOf({ site: "secondary" }));
const stack = "organization/harbor-dr/primary";
const secondary = { site: "secondary", activeSite: "primary" } as const;
const complete = homeOutputs(secondary);
const textOf = (act: () => unknown): string => {
  try {
    act();
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("checkHome", () => {
  it("hands over every secret of a home stack that agrees", () => {
    expect(checkHome(stack, { sharedSecrets: HOME_SECRETS, agreement: own }, own)).toEqual(HOME_SECRETS);
  });

  it("refuses a stack that was never applied, and says what to type", () => {
    expect(textOf(() => checkHome(stack, {}, own))).toBe(
      `homeStack: stack "${stack}" exists but has never been applied completely, so this site has no secrets to share. ` +
        "Apply it first: pulumi up --stack primary",
    );
  });

  it("refuses one whose first up was cut short, and names what it lacks but no value", () => {
    const { tokenKey, ...rest } = HOME_SECRETS;
    const text = textOf(() => checkHome(stack, { sharedSecrets: rest, agreement: own }, own));
    expect(text).toContain("(it lacks tokenKey)");
    expect(text).toContain("pulumi up --stack primary");
    expect(Object.values(HOME_SECRETS).filter((value) => text.includes(value))).toEqual([]);
    expect(tokenKey).toBe("home-tokenKey");
  });

  it.each(Object.keys(own))("refuses a different %s, with both values", (key) => {
    const agreement: Agreement = { ...own, [key]: "something-else" };
    const text = textOf(() => checkHome(stack, { sharedSecrets: HOME_SECRETS, agreement }, own));
    expect(text).toBe(
      [
        "Both sites must agree on these values, and do not:",
        `  ${key}: here ${JSON.stringify(own[key])}, in ${stack} "something-else"`,
        "Set them once, in Pulumi.yaml, and apply the site that is behind.",
      ].join("\n"),
    );
  });

  it("reports every difference at once", () => {
    const agreement = { ...own, "harbor.version": "2.13.0", "redis.address": "other:6379" };
    const text = textOf(() => checkHome(stack, { sharedSecrets: HOME_SECRETS, agreement }, own));
    expect(text.split("\n")).toHaveLength(4);
  });
});

it("agrees on what both sites must have alike: names, versions, the external address, Redis", () => {
  const config = configurationOf({
    values: {
      harbor: changed("harbor", { version: "2.14.2", name: "registry", externalUrl: "https://r.example.com" }),
      redis: { address: "r:6379" },
    },
  });
  expect(agreementOf(config)).toMatchObject({
    "harbor.version": "2.14.2",
    "harbor.name": "registry",
    "harbor.externalUrl": "https://r.example.com",
    "redis.address": "r:6379",
    "redis.existingSecret": "",
  });
});

describe("the other site's stack", () => {
  it("reads the home stack once, under its full name", async () => {
    const { resources } = await deploy(secondary);
    const references = resources.filter(({ type }) => type === "pulumi:pulumi:StackReference");
    expect(references.map(({ inputs }) => inputs)).toEqual([{ name: "organization/harbor-dr/primary" }]);
  });

  it("takes the name that is configured", async () => {
    const { resources } = await deploy({ ...secondary, values: { homeStack: "acme/registry/site-a" } });
    expect(resources.find(({ name }) => name === "home")?.inputs).toEqual({ name: "acme/registry/site-a" });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["never applied", {}, /^homeStack: stack ".*" exists but has never been applied completely/],
    ["cut short", { ...complete, sharedSecrets: { ...HOME_SECRETS, xsrfKey: undefined } }, /it lacks xsrfKey/],
    [
      "on another Harbor version",
      { ...complete, agreement: { ...own, "harbor.version": "2.13.0" } },
      /harbor\.version: here "2\.14\.1", in organization\/harbor-dr\/primary "2\.13\.0"/,
    ],
  ])("is refused while the home stack is %s, before any object is declared", async (_, home, expected) => {
    const { failure, declared } = await refused({ ...secondary, home });
    expect(failure.message).toMatch(expected);
    expect(failure.message).not.toContain("error serializing");
    const objects = declared.filter((name) => /^(database|object-store|harbor)-(?!dr)/.test(name));
    // Without a secret in them, these two may be there already: they take on no role.
    expect(objects.filter((name) => !/replication|gateway|root-pool/.test(name))).toEqual([]);
  });

  it("exports on the other site what it took, so that the sites can be compared", async () => {
    const { outputs } = await deploy(secondary);
    expect(outputs.sharedSecrets).toEqual(HOME_SECRETS);
    expect(outputs.agreement).toEqual(own);
  });
});

it("the home stack reads nobody: references go one way", async () => {
  const { resources, outputs } = await deploy({ site: "primary", activeSite: "secondary" });
  expect(resources.filter(({ type }) => type.includes("StackReference"))).toEqual([]);
  expect(Object.keys(outputs.sharedSecrets as object).sort()).toEqual([...SECRET_NAMES].sort());
});
