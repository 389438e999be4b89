/**
 * route53.Record as the original writes it: CREATE, or UPSERT with allowOverwrite; every later change an UPSERT, or
 * one batch that takes the old set away when the type changes; done when Route 53 says that it is in sync.
 */
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  type ResourceRecordSet,
  type Route53Client,
  type RRType,
} from "@aws-sdk/client-route-53";
import type { AwsKind } from "./aws.ts";
import { notInStandIn } from "./errors.ts";
import type { Properties } from "./values.ts";

const SYNC_EVERY_MS = 1000;
const SYNC_ATTEMPTS = 600;

const noDot = (name: string): string => name.toLowerCase().replace(/\.$/, "");
const idOf = (zoneId: string, name: string, type: string): string => `${zoneId}_${noDot(name)}_${type}`;

/** The name inside its zone, whole: the original takes "registry" for "registry.<zone>". */
async function wholeName(client: Route53Client, zoneId: string, name: string): Promise<string> {
  const { HostedZone } = await client.send(new GetHostedZoneCommand({ Id: zoneId }));
  const zone = noDot(HostedZone?.Name ?? "");
  const given = noDot(name);
  return given === zone || given.endsWith(`.${zone}`) ? given : [given, zone].filter((part) => part !== "").join(".");
}

async function setOf(client: Route53Client, inputs: Properties): Promise<ResourceRecordSet> {
  const values = Array.isArray(inputs.records) ? inputs.records : [];
  return {
    Name: await wholeName(client, String(inputs.zoneId), String(inputs.name)),
    Type: String(inputs.type) as RRType,
    TTL: Number(inputs.ttl),
    ResourceRecords: values.map((value) => ({ Value: String(value) })),
  };
}

async function change(client: Route53Client, zoneId: string, changes: Change[]): Promise<void> {
  const { ChangeInfo } = await client.send(
    new ChangeResourceRecordSetsCommand({
      HostedZoneId: zoneId,
      ChangeBatch: { Comment: "Managed by Pulumi", Changes: changes },
    }),
  );
  let status = ChangeInfo?.Status;
  for (let attempt = 0; status !== "INSYNC"; attempt++) {
    if (attempt === SYNC_ATTEMPTS) throw new Error(`change ${ChangeInfo?.Id} is still ${status}`);
    await new Promise((resolve) => setTimeout(resolve, attempt === 0 ? 0 : SYNC_EVERY_MS));
    status = (await client.send(new GetChangeCommand({ Id: ChangeInfo?.Id }))).ChangeInfo?.Status;
  }
}

async function find(
  client: Route53Client,
  zoneId: string,
  name: string,
  type: string,
): Promise<ResourceRecordSet | undefined> {
  const { ResourceRecordSets } = await client.send(
    new ListResourceRecordSetsCommand({
      HostedZoneId: zoneId,
      StartRecordName: name,
      StartRecordType: type as RRType,
      MaxItems: 1,
    }),
  );
  return ResourceRecordSets?.find((set) => noDot(set.Name ?? "") === name && set.Type === type);
}

function partsOf(id: string): { zoneId: string; name: string; type: string } {
  const match = /^(?<zoneId>[A-Z0-9]+)_(?<name>.+)_(?<type>[A-Z]+)$/.exec(id);
  const { zoneId, name, type } = match?.groups ?? {};
  if (zoneId === undefined || name === undefined || type === undefined) {
    throw notInStandIn("aws", `record ids other than ZONE_name_TYPE, such as ${id}`);
  }
  return { zoneId, name, type };
}

function stateOf(inputs: Properties, name: string): Properties {
  return { ...inputs, fqdn: name, name: noDot(String(inputs.name)) };
}

export const record: AwsKind = {
  rules: {
    zoneId: { kind: "string", required: true },
    name: { kind: "string", required: true },
    type: { kind: "string", required: true },
    ttl: { kind: "number", required: true },
    records: { kind: "strings", required: true },
    allowOverwrite: { kind: "boolean" },
  },
  replaces: ["zoneId", "name"],
  create: async (client, inputs) => {
    const set = await setOf(client, inputs);
    const zoneId = String(inputs.zoneId);
    await change(client, zoneId, [
      { Action: inputs.allowOverwrite === true ? "UPSERT" : "CREATE", ResourceRecordSet: set },
    ]);
    return { id: idOf(zoneId, String(inputs.name), String(inputs.type)), state: stateOf(inputs, set.Name ?? "") };
  },
  update: async (client, _id, inputs, state) => {
    const set = await setOf(client, inputs);
    const zoneId = String(inputs.zoneId);
    const old = state.type === inputs.type ? undefined : await find(client, zoneId, set.Name ?? "", String(state.type));
    const added: Change = { Action: "UPSERT", ResourceRecordSet: set };
    await change(client, zoneId, old === undefined ? [added] : [{ Action: "DELETE", ResourceRecordSet: old }, added]);
    return stateOf(inputs, set.Name ?? "");
  },
  read: async (client, id) => {
    const { zoneId, name, type } = partsOf(id);
    const whole = await wholeName(client, zoneId, name);
    const set = await find(client, zoneId, whole, type);
    if (set === undefined) return undefined;
    const records = (set.ResourceRecords ?? []).map(({ Value }) => Value ?? "");
    const inputs = { zoneId, name, type, ttl: set.TTL ?? 0, records };
    return { id, inputs, state: stateOf(inputs, whole) };
  },
  delete: async (client, id) => {
    const { zoneId, name, type } = partsOf(id);
    const set = await find(client, zoneId, await wholeName(client, zoneId, name), type);
    if (set !== undefined) await change(client, zoneId, [{ Action: "DELETE", ResourceRecordSet: set }]);
  },
};
