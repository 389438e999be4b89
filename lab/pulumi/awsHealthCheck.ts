/** route53.HealthCheck of an HTTP or HTTPS endpoint, with its tags. */
import { randomUUID } from "node:crypto";
import {
  ChangeTagsForResourceCommand,
  CreateHealthCheckCommand,
  DeleteHealthCheckCommand,
  GetHealthCheckCommand,
  type HealthCheckConfig,
  type HealthCheckType,
  ListTagsForResourceCommand,
  NoSuchHealthCheck,
  type Route53Client,
  UpdateHealthCheckCommand,
} from "@aws-sdk/client-route-53";
import type { AwsKind } from "./aws.ts";
import { isProperties, type Properties } from "./values.ts";

/** Input to the API's word. What only a creation takes is left out of an update. */
const WORDS = {
  type: "Type",
  fqdn: "FullyQualifiedDomainName",
  ipAddress: "IPAddress",
  port: "Port",
  resourcePath: "ResourcePath",
  requestInterval: "RequestInterval",
  failureThreshold: "FailureThreshold",
  enableSni: "EnableSNI",
} as const satisfies Record<string, keyof HealthCheckConfig>;
const ONLY_AT_CREATION = ["type", "requestInterval"];

function configOf(inputs: Properties, without: readonly string[] = []): Omit<HealthCheckConfig, "Type"> {
  const entries = Object.entries(WORDS).flatMap(([key, word]) =>
    inputs[key] === undefined || without.includes(key) ? [] : [[word, inputs[key]] as const],
  );
  return Object.fromEntries(entries);
}

function tagsOf(inputs: Properties | undefined): Record<string, string> {
  const tags = isProperties(inputs?.tags) ? inputs.tags : {};
  return Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)]));
}

async function tag(client: Route53Client, id: string, inputs: Properties, state?: Properties): Promise<void> {
  const [tags, before] = [tagsOf(inputs), tagsOf(state)];
  const gone = Object.keys(before).filter((key) => tags[key] === undefined);
  if (Object.keys(tags).length + gone.length === 0) return;
  await client.send(
    new ChangeTagsForResourceCommand({
      ResourceType: "healthcheck",
      ResourceId: id,
      ...(Object.keys(tags).length === 0
        ? {}
        : { AddTags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
      ...(gone.length === 0 ? {} : { RemoveTagKeys: gone }),
    }),
  );
}

export const healthCheck: AwsKind = {
  rules: {
    type: { kind: "string", required: true },
    fqdn: { kind: "string" },
    ipAddress: { kind: "string" },
    port: { kind: "number" },
    resourcePath: { kind: "string" },
    requestInterval: { kind: "number" },
    failureThreshold: { kind: "number" },
    enableSni: { kind: "boolean" },
    tags: { kind: "map" },
  },
  replaces: ONLY_AT_CREATION,
  create: async (client, inputs) => {
    const config = { ...configOf(inputs), Type: String(inputs.type) as HealthCheckType };
    const made = await client.send(
      new CreateHealthCheckCommand({ CallerReference: randomUUID(), HealthCheckConfig: config }),
    );
    const id = made.HealthCheck?.Id ?? "";
    await tag(client, id, inputs);
    return { id, state: inputs };
  },
  update: async (client, id, inputs, state) => {
    await client.send(new UpdateHealthCheckCommand({ HealthCheckId: id, ...configOf(inputs, ONLY_AT_CREATION) }));
    await tag(client, id, inputs, state);
    return inputs;
  },
  read: async (client, id) => {
    const answer = await client.send(new GetHealthCheckCommand({ HealthCheckId: id })).catch((problem: unknown) => {
      if (problem instanceof NoSuchHealthCheck) return undefined;
      throw problem;
    });
    const config = answer?.HealthCheck?.HealthCheckConfig;
    if (config === undefined) return undefined;
    const tagged = await client.send(new ListTagsForResourceCommand({ ResourceType: "healthcheck", ResourceId: id }));
    const tags = (tagged.ResourceTagSet?.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value] as const);
    const inputs: Properties = {
      ...Object.fromEntries(
        Object.entries(WORDS).flatMap(([key, word]) => {
          const value = config[word];
          return value === undefined ? [] : [[key, value] as const];
        }),
      ),
      ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
    };
    return { id, inputs, state: inputs };
  },
  delete: async (client, id) => {
    await client.send(new DeleteHealthCheckCommand({ HealthCheckId: id }));
  },
};
