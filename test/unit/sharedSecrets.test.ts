/** Where secrets come from: generated once, supplied by configuration, or made by Rook. */
import { describe, expect, it } from "vitest";
import { SECRET_NAMES, SECRET_RULES, type SecretName } from "../../config/secretKeys.ts";
import { SITES, type Site } from "../../sites.ts";
import { changed } from "../committed.ts";
import { type DeclaredResource, deploy, type Variation } from "../harness.ts";
import { SUPPLIED } from "../supplied.ts";

const generatedBy = (resources: readonly DeclaredResource[]) =>
  resources.filter(({ type }) => type.startsWith("random:") || type.startsWith("tls:")).map(({ name }) => name);
const dataOf = (resources: readonly DeclaredResource[], name: string) =>
  resources.find((one) => one.name === name)?.inputs.stringData;

describe("generated, on the home site", () => {
  const lengths: Partial<Record<SecretName, number>> = { harborSecretKey: 16, xsrfKey: 32, realmAccessKey: 20 };

  it("is one resource for each secret, with what Harbor and Ceph demand of it", async () => {
    const { resources } = await deploy({ site: "primary", activeSite: "primary" });
    // The htpasswd line comes from the registry password's own hash.
    const expected = SECRET_NAMES.filter((name) => name !== "registryHtpasswd").map((name) => `secrets-${name}`);
    expect(generatedBy(resources).sort()).toEqual(expected.sort());
    for (const [name, length] of Object.entries(lengths)) {
      expect(resources.find((one) => one.name === `secrets-${name}`)?.inputs).toMatchObject({ length, special: false });
    }
  });

  it("fits the rules that a supplied value must fit", async () => {
    const { resources } = await deploy({ site: "primary", activeSite: "primary" });
    for (const { name, inputs } of resources.filter(({ type }) => type.startsWith("random:"))) {
      const {
        length,
        special,
        overrideSpecial = "",
      } = inputs as { length: number; special: boolean; overrideSpecial?: string };
      // The worst that the rules of this password can make, with one of each class where that is demanded.
      const worst = `${inputs.minLower ? "aA1" : ""}${(special ? overrideSpecial : "A").repeat(length)}`.slice(
        0,
        length,
      );
      const { accepts, allowed } = SECRET_RULES[name.replace("secrets-", "") as SecretName];
      expect([name, accepts.test(worst), allowed]).toEqual([name, true, allowed]);
    }
  });

  it("writes the registry's htpasswd line from its user and password", async () => {
    const { resources } = await deploy({ site: "primary", activeSite: "primary" });
    expect(dataOf(resources, "harbor-registry-credentials")).toEqual({
      REGISTRY_PASSWD: "made-secrets-registryPassword",
      REGISTRY_HTPASSWD: "harbor_registry_user:bcrypt-secrets-registryPassword",
    });
  });
});

describe("supplied, all of them, to adopt an existing Harbor", () => {
  const supplying = (site: Site): Variation => ({
    site,
    activeSite: "primary",
    values: SUPPLIED,
    secretKeys: SECRET_NAMES,
    home: {},
  });

  it.each(SITES)("generates nothing and needs no other stack on %s", async (site) => {
    const { resources } = await deploy(supplying(site));
    expect(generatedBy(resources)).toEqual([]);
    expect(resources.filter(({ type }) => type.includes("StackReference"))).toEqual([]);
  });

  it("writes the same Secrets on both sites, marked, word for word", async () => {
    const [primary, secondary] = [await deploy(supplying("primary")), await deploy(supplying("secondary"))];
    const secrets = ({ resources }: { resources: readonly DeclaredResource[] }) =>
      resources
        .filter(({ type }) => type === "kubernetes:core/v1:Secret")
        .map(({ name, inputs, secretPaths }) => ({ name, data: inputs.stringData, marked: secretPaths }));
    expect(secrets(secondary)).toEqual(secrets(primary));
    expect(dataOf(primary.resources, "harbor-encryption")).toEqual({ secretKey: SUPPLIED.harborSecretKey });
    expect(secrets(primary).every(({ data, marked }) => marked.length === Object.keys(data as object).length)).toBe(
      true,
    );
  });
});

it("supplied in part: the rest is generated at home", async () => {
  const values = { harborSecretKey: SUPPLIED.harborSecretKey };
  const { resources } = await deploy({
    site: "primary",
    activeSite: "primary",
    values,
    secretKeys: ["harborSecretKey"],
  });
  expect(generatedBy(resources)).not.toContain("secrets-harborSecretKey");
  expect(generatedBy(resources)).toContain("secrets-coreSecret");
  expect(dataOf(resources, "harbor-encryption")).toEqual({ secretKey: SUPPLIED.harborSecretKey });
});

it("supplied in part on the other site: the rest still comes from home", async () => {
  const values = { harborSecretKey: SUPPLIED.harborSecretKey };
  const { resources } = await deploy({
    site: "secondary",
    activeSite: "primary",
    values,
    secretKeys: ["harborSecretKey"],
  });
  expect(dataOf(resources, "harbor-encryption")).toEqual({ secretKey: SUPPLIED.harborSecretKey });
  expect(dataOf(resources, "harbor-core")).toEqual({ secret: "home-coreSecret" });
});

describe("the object-store user's keys, where Rook generates them", () => {
  const values = { objectStore: changed("objectStore", { userKeys: "generated" }) };
  const keys = { REGISTRY_STORAGE_S3_ACCESSKEY: "rook-access-key", REGISTRY_STORAGE_S3_SECRETKEY: "rook-secret-key" };

  it("are read from Rook's Secret on the home site, once the user is ready", async () => {
    const { resources, outputs, secretOutputs } = await deploy({ site: "primary", activeSite: "primary", values });
    const user = resources.find(({ name }) => name === "object-store-user");
    expect(user?.inputs.metadata).toMatchObject({
      annotations: { "pulumi.com/waitFor": "jsonpath={.status.phase}=Ready" },
    });
    expect(user?.inputs.spec).not.toHaveProperty("keys");
    expect(dataOf(resources, "object-store-access")).toEqual(keys);
    expect(outputs.sharedSecrets).toMatchObject({ objectStoreAccessKey: "rook-access-key" });
    expect(secretOutputs).toContain("sharedSecrets.objectStoreAccessKey");
  });

  it("reach the bucket's step marked secret", async () => {
    const { resources } = await deploy({ site: "primary", activeSite: "primary", values });
    const step = resources.find(({ name }) => name === "object-store-bucket");
    expect(step?.inputs.environment).toMatchObject({ DR_BUCKET_ACCESS_KEY: "rook-access-key" });
    expect(step?.secretPaths).toEqual(["environment.DR_BUCKET_ACCESS_KEY", "environment.DR_BUCKET_SECRET_KEY"]);
  });

  it("come with the home stack on the other site", async () => {
    const { resources } = await deploy({ site: "secondary", activeSite: "primary", values });
    expect(dataOf(resources, "object-store-access")).toEqual({
      REGISTRY_STORAGE_S3_ACCESSKEY: "home-objectStoreAccessKey",
      REGISTRY_STORAGE_S3_SECRETKEY: "home-objectStoreSecretKey",
    });
  });
});
