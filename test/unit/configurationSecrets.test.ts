/** Secrets that the configuration supplies: their rules, and that no error ever repeats a value. */
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../config/problems.ts";
import { SECRET_NAMES, SECRET_PAIRS, SECRET_RULES, type SecretName } from "../../config/secretKeys.ts";
import { type Change, configurationOf } from "../committed.ts";
import { problems } from "../problems.ts";
import { SUPPLIED } from "../supplied.ts";

const encrypted = (values: Partial<Record<SecretName, string>>): Change => ({
  values,
  secretKeys: Object.keys(values),
});
const remedy = (name: string) => `pulumi config set --secret ${name}`;

describe("refused", () => {
  it.each<[SecretName, string, string]>([
    ["harborSecretKey", "fifteen-letters", "exactly 16 characters"],
    ["harborSecretKey", "seventeen-letters", "exactly 16 characters"],
    ["xsrfKey", "short", "exactly 32 characters"],
    ["realmAccessKey", "with/a/slash/in/it", "at least 16 URL-safe characters (letters, digits, - and _)"],
    ["databasePassword", "with'quote-in-the-middle", "at least 16 characters without spaces or quotes"],
  ])("%s = %s", (name, value, allowed) => {
    const found = problems(encrypted({ [name]: value })).filter(({ key }) => key === name);
    const received = `${value.length} characters that do not fit (not shown)`;
    expect(found).toEqual([{ key: name, received, allowed, remedy: remedy(name) }]);
  });

  it.each([
    ["too short", "Aa1!aaa"],
    ["no upper-case letter", "harbor12345!"],
    ["no lower-case letter", "HARBOR12345!"],
    ["no digit", "HarborHarbor!"],
    ["no special character", "Harbor12345"],
    ["a space", "Harbor 12345!"],
  ])("an administrator's password with %s", (_, value) => {
    const { allowed } = SECRET_RULES.adminPassword;
    const received = `${value.length} characters that do not fit (not shown)`;
    expect(problems(encrypted({ adminPassword: value }))).toEqual([
      { key: "adminPassword", received, allowed, remedy: remedy("adminPassword") },
    ]);
  });

  it("an htpasswd line that is not bcrypt, and a key that is not PEM", () => {
    const values = { ...SUPPLIED, registryHtpasswd: "user:{SHA}abc", tokenKey: "AAAA" };
    expect(problems(encrypted(values)).map(({ key }) => key)).toEqual(["registryHtpasswd", "tokenKey"]);
  });

  it.each(SECRET_PAIRS)("%s without %s", (one, other) => {
    for (const [has, lacks] of [
      [one, other],
      [other, one],
    ] as const) {
      expect(problems(encrypted({ [has]: SUPPLIED[has] }))).toEqual([
        {
          key: lacks,
          received: "nothing",
          allowed: `a value, because ${has} is supplied and both belong together`,
          remedy: remedy(lacks),
        },
      ]);
    }
  });
});

describe("in plain text", () => {
  it.each(SECRET_NAMES)("%s is refused, even where its value would fit", (name) => {
    const found = problems({ values: SUPPLIED, secretKeys: SECRET_NAMES.filter((other) => other !== name) });
    expect(found).toEqual([
      {
        key: name,
        received: "a secret in plain text (not shown)",
        allowed: "an encrypted value; the plain one is burnt: choose another",
        remedy: remedy(name),
      },
    ]);
  });
});

describe("never repeated in an error", () => {
  it.each(SECRET_NAMES)("%s", (name) => {
    const value = `/planted '${name}' / value/`;
    const text = (secretKeys: string[]) => {
      try {
        configurationOf({ values: { [name]: value }, secretKeys });
        return "";
      } catch (error) {
        if (error instanceof ConfigurationError) return `${error.message}${JSON.stringify(error.problems)}`;
        throw error;
      }
    };
    for (const refusal of [text([name]), text([])]) {
      expect(refusal).toContain(name);
      expect(refusal).not.toContain("planted");
    }
  });
});

it("accepts all of them at once, and keeps them as they are", () => {
  expect(configurationOf(encrypted(SUPPLIED)).supplied).toEqual(SUPPLIED);
});

it.each([
  ["misspelt and encrypted", "adminPasword", ["adminPasword"]],
  ["misspelt and in plain text", "adminPasword", []],
  ["encrypted under a name that is like no other", "zzzzzzzzzz", ["zzzzzzzzzz"]],
  ["encrypted under a key that is no secret", "activeSite", ["activeSite"]],
])("shows a value to nobody that is %s", (_, key, secretKeys) => {
  const [problem] = problems({ values: { [key]: "Planted123!" }, secretKeys });
  expect(problem?.received).toContain("(not shown)");
  expect(JSON.stringify(problem)).not.toContain("Planted123!");
});
