/** What the engine hands to a policy becomes a record: unknown values stay visible as such, secrets are hidden. */
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";
import { expect, test } from "vitest";
import { recordOfResource, recordsOfStack } from "../../policies/engineRecords.ts";
import { TYPES } from "../../policies/record.ts";

/** The SDK's own behaviour: touching a value that is not known yet throws. */
function unknownAt(value: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.defineProperty({ ...value }, key, {
    enumerable: true,
    get: () => {
      throw new Error(`string value at .${key} can't be known during preview`);
    },
  });
}

function resource(
  type: string,
  name: string,
  props: Record<string, unknown>,
  more: Partial<PolicyResource> = {},
): PolicyResource {
  const opts = { protect: true, ignoreChanges: [], aliases: [], customTimeouts: {}, additionalSecretOutputs: [] };
  return {
    type,
    name,
    props,
    urn: `urn:pulumi:primary::harbor-dr::${type}::${name}`,
    opts: opts as unknown as PolicyResource["opts"],
    dependencies: [],
    propertyDependencies: {},
    isType: () => false,
    asType: () => undefined,
    ...more,
  };
}

test("a value that is not known yet is marked, and the rest is read", () => {
  const args = resource(TYPES.harbor, "harbor", {
    spec: unknownAt({ version: "2.14.1" }, "externalURL"),
    list: [unknownAt({}, "a")],
  });
  expect(recordOfResource(args as unknown as ResourceValidationArgs)).toEqual({
    urn: args.urn,
    type: TYPES.harbor,
    name: "harbor",
    props: { spec: { version: "2.14.1", externalURL: "[unknown]" }, list: [{ a: "[unknown]" }] },
    dependencies: [],
    read: false,
    protect: true,
    deleteBeforeReplace: false,
    replaceOnChanges: [],
  });
});

test("a secret is known by its value wherever it stands, user names and short values are not", () => {
  const secret = resource(TYPES.secret, "secret", {
    stringData: { username: "harbor-user", password: "s3cret-value", flag: "true" },
  });
  const encoded = resource(TYPES.secret, "encoded", { data: { key: Buffer.from("other-s3cret").toString("base64") } });
  const harbor = resource(
    TYPES.harbor,
    "harbor",
    { spec: { user: "harbor-user", url: "https://x:s3cret-value@db", key: "other-s3cret", flag: "true" } },
    { dependencies: [secret], propertyDependencies: { spec: [encoded] } },
  );
  const { resources } = recordsOfStack([secret, encoded, harbor], new Set([secret.urn, harbor.urn]));
  expect(resources.map(({ read }) => read)).toEqual([false, true, false]);
  expect(resources[2]?.props).toEqual({
    spec: { user: "harbor-user", url: "https://x:[secret]@db", key: "[secret]", flag: "true" },
  });
  expect(resources[2]?.dependencies).toEqual([secret.urn, encoded.urn]);
});
