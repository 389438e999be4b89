/**
 * Stand-in for the Pulumi plugin `aws`: route53.Record, route53.HealthCheck and route53.getRecords, on the AWS SDK.
 * Credentials and endpoints come as for every AWS tool (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL, …), the
 * role to assume from the provider's arguments. Entry point of the plugin.
 */
import {
  ListResourceRecordSetsCommand,
  type ListResourceRecordSetsCommandInput,
  type ListResourceRecordSetsCommandOutput,
  type ResourceRecordSet,
  Route53Client,
  type Route53ClientConfig,
} from "@aws-sdk/client-route-53";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { healthCheck } from "./awsHealthCheck.ts";
import { record } from "./awsRecord.ts";
import { notInStandIn } from "./errors.ts";
import { serve } from "./plugin.ts";
import type { Provider, Resource } from "./provider.ts";
import { changesBetween, checkInputs, type Rules, withReplacement } from "./rules.ts";
import { type Properties, reveal } from "./values.ts";

/** One resource type of the plugin. */
export interface AwsKind {
  readonly rules: Rules;
  /** Inputs whose change makes a new object. */
  readonly replaces: readonly string[];
  create(client: Route53Client, inputs: Properties): Promise<Resource>;
  update(client: Route53Client, id: string, inputs: Properties, state: Properties): Promise<Properties>;
  read(client: Route53Client, id: string): Promise<(Resource & { inputs: Properties }) | undefined>;
  delete(client: Route53Client, id: string): Promise<void>;
}

const KINDS: Record<string, AwsKind> = {
  "aws:route53/record:Record": record,
  "aws:route53/healthCheck:HealthCheck": healthCheck,
};
const GET_RECORDS = "aws:route53/getRecords:getRecords";
const CONFIG_RULES: Rules = {
  region: { kind: "string" },
  assumeRoles: { kind: "any" },
  version: { kind: "string" },
  // What the SDK of the plugin fills in by itself.
  skipCredentialsValidation: { kind: "any" },
  skipRegionValidation: { kind: "any" },
};

function kindOf(type: string): AwsKind {
  const kind = KINDS[type];
  if (!kind) throw notInStandIn("aws", `the resource type ${type}`);
  return kind;
}

interface AssumeRole {
  readonly roleArn: string;
  readonly sessionName?: string;
  readonly externalId?: string;
}

/** The configuration of every client, from the provider's arguments; structured ones arrive as JSON text. */
function clientConfig(variables: ReadonlyMap<string, string>): Route53ClientConfig {
  const region = variables.get("aws:config:region") ?? "us-east-1";
  const roles = JSON.parse(variables.get("aws:config:assumeRoles") ?? "[]") as AssumeRole[];
  if (roles.length > 1) throw notInStandIn("aws", "a chain of several roles to assume");
  const [role] = roles;
  if (role === undefined) return { region };
  const params = {
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName ?? "pulumi",
    ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
  };
  return { region, credentials: fromTemporaryCredentials({ params, clientConfig: { region } }) };
}

/** Every record set of a zone whose name fits, in the form of the original's function. */
async function getRecords(client: Route53Client, args: Properties): Promise<Properties> {
  const { zoneId, nameRegex } = args;
  const fits = typeof nameRegex === "string" ? new RegExp(nameRegex) : undefined;
  const sets: ResourceRecordSet[] = [];
  let from: Partial<ListResourceRecordSetsCommandInput> | undefined = {};
  while (from !== undefined) {
    const page: ListResourceRecordSetsCommandOutput = await client.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: String(zoneId), ...from }),
    );
    sets.push(...(page.ResourceRecordSets ?? []).filter(({ Name }) => fits?.test(Name ?? "") ?? true));
    from =
      page.IsTruncated && page.NextRecordName !== undefined
        ? { StartRecordName: page.NextRecordName, StartRecordType: page.NextRecordType }
        : undefined;
  }
  const resourceRecordSets = sets.map((set) => ({
    name: set.Name ?? "",
    type: set.Type ?? "",
    ttl: set.TTL ?? 0,
    setIdentifier: set.SetIdentifier ?? "",
    resourceRecords: (set.ResourceRecords ?? []).map(({ Value }) => ({ value: Value ?? "" })),
  }));
  return { ...args, id: String(zoneId), resourceRecordSets };
}

function awsProvider(): Provider {
  let client = new Route53Client({});
  return {
    checkConfig: (inputs) => ({ inputs, failures: checkInputs("aws", "pulumi:providers:aws", CONFIG_RULES, inputs) }),
    diffConfig: (olds, news) => ({ changes: changesBetween(olds, news) }),
    configure: async (variables) => {
      client = new Route53Client(clientConfig(variables));
    },
    check: async ({ type }, _olds, news) => ({
      inputs: news,
      failures: checkInputs("aws", type, kindOf(type).rules, news),
    }),
    diff: async ({ type }, olds, news) => {
      const { replaces } = kindOf(type);
      return { changes: withReplacement(changesBetween(olds.inputs, news), (path) => replaces.includes(path)) };
    },
    create: async ({ type }, inputs, { preview }) => {
      if (preview) return { id: "", state: inputs };
      return kindOf(type).create(client, reveal(inputs) as Properties);
    },
    update: async ({ type }, olds, news, { preview }) => {
      if (preview) return { ...olds.state, ...news };
      return kindOf(type).update(client, olds.id, reveal(news) as Properties, reveal(olds.state) as Properties);
    },
    read: async ({ type }, id, olds) => {
      const found = await kindOf(type).read(client, id);
      if (found === undefined || Object.keys(olds.inputs).length === 0) return found;
      // The API answers with defaults that nobody gave, and knows nothing of arguments for the provider alone.
      const given = Object.entries(olds.inputs).map(([key, value]) => [key, found.inputs[key] ?? value] as const);
      return { ...found, inputs: Object.fromEntries(given) };
    },
    delete: async ({ type }, id) => kindOf(type).delete(client, id),
    invoke: async (token, args) => {
      if (token !== GET_RECORDS) throw notInStandIn("aws", `the function ${token}`);
      return getRecords(client, reveal(args) as Properties);
    },
  };
}

serve(awsProvider);
