/**
 * The name in Route 53: one record set of one value, handed over from site to site and never deleted.
 *
 * Why not a weighted record per site with health checks: with a site dead its record keeps its weight,
 * since its stack cannot be applied, and until the check fails half of the clients go there; when the site
 * returns with a stale Harbor that answers, its check passes and they go there again. Weights can only
 * be overruled by whoever writes both records, so one record says the same with less. The health check
 * is there to watch each site's own entry, and is not attached: it must never take the only answer away.
 *
 * Two stacks, one record: the active one declares it (allowOverwrite, so the write is an UPSERT: one
 * value replaced by another, with no moment between) and the standby's, under the same URN, reads it.
 * The engine calls that relinquishing and taking over a resource. What follows:
 * - a promotion always writes, whatever the stack's state remembers. With `ignoreChanges` on a standby
 *   it would not: a site that was active before has its own address in its state, so that the failback
 *   would find nothing to change while the name points at the other site;
 * - a demotion never writes, and neither does a stack that returns with a stale state, as a read cannot;
 * - a stale stack that still takes itself for active meets the gate first, which the record waits for;
 * - `retainOnDelete`: destroying a stack, or taking routing out of it, leaves the name's answer.
 * A read needs something to read, so a standby that is provisioned before the first promotion has no
 * record yet; its next `up` shows it.
 */
import { createRequire } from "node:module";
import type { Provider } from "@pulumi/aws/provider.js";
import type { HealthCheckArgs } from "@pulumi/aws/route53/healthCheck.js";
import type { RecordArgs } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import { refusal } from "../config/refusal.ts";
import { recordTypeOf } from "../config/routingSchema.ts";
import type { Settings } from "../config/schema.ts";
import type { Role, Site } from "../sites.ts";
import type { After } from "./order.ts";

export type Route53Settings = Extract<Settings["routing"], { type: "route53" }>;

/** A site's Harbor entry, as clients reach it. */
export interface Entry {
  readonly host: string;
  readonly port: number;
  /** Whether it speaks TLS. */
  readonly tls: boolean;
}

/** The name as it is in the zone now. */
export interface PublishedName {
  readonly provider: Provider;
  /** Whether the record is there. */
  readonly found: boolean;
}

export interface Route53Args {
  readonly settings: Route53Settings;
  readonly role: Role;
  readonly hostname: string;
  readonly entry: Entry;
  readonly published: PublishedName | undefined;
  readonly after: After;
}

/** The path that tells whether a site's Harbor serves. */
const HEALTH_PATH = "/api/v2.0/health";

/** The few modules of the AWS package that we use, loaded only with this routing: 10 ms, the whole 0.1 s. */
function aws() {
  const require = createRequire(import.meta.url);
  return {
    ...(require("@pulumi/aws/provider.js") as typeof import("@pulumi/aws/provider.js")),
    ...(require("@pulumi/aws/route53/record.js") as typeof import("@pulumi/aws/route53/record.js")),
    ...(require("@pulumi/aws/route53/healthCheck.js") as typeof import("@pulumi/aws/route53/healthCheck.js")),
    ...(require("@pulumi/aws/route53/getRecords.js") as typeof import("@pulumi/aws/route53/getRecords.js")),
  };
}

/** A record set, as far as the look needs it. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly setIdentifier?: string;
}

/**
 * Looks at the name before anything is declared.
 * @throws pulumi.RunError if records are there that would answer beside ours.
 */
export async function lookUpName(
  settings: Route53Settings,
  site: Site,
  hostname: string,
  target: string,
): Promise<PublishedName> {
  const { Provider: AwsProvider, getRecords } = aws();
  const { assumeRoleArn: roleArn, assumeRoleExternalId: externalId } = settings;
  const role = { sessionName: `harbor-dr-${site}`, ...(externalId === undefined ? {} : { externalId }) };
  const provider = new AwsProvider("dns", {
    region: settings.region as "us-east-1",
    ...(roleArn === undefined ? {} : { assumeRoles: [{ roleArn, ...role }] }),
  });
  const nameRegex = `^${hostname.toLowerCase().replaceAll(".", "\\.")}\\.?$`;
  const { resourceRecordSets: sets } = await getRecords({ zoneId: settings.zoneId, nameRegex }, { provider });
  // An engine without a provider, as in unit tests, knows no records: then there is one to read.
  return { provider, found: sets === undefined || recordIn(sets, settings.zoneId, hostname, recordTypeOf(target)) };
}

/**
 * Whether the record is among the name's record sets.
 * @throws pulumi.RunError if other sets would make the name point elsewhere too.
 */
export function recordIn(sets: readonly RecordSet[], zoneId: string, hostname: string, type: string): boolean {
  const own = sets.filter(({ name }) => name.toLowerCase().replace(/\.$/, "") === hostname.toLowerCase());
  const pointing = own.filter((set) => ["A", "AAAA", "CNAME"].includes(set.type));
  const foreign = pointing.filter((set) => set.type !== type || Boolean(set.setIdentifier));
  if (foreign.length === 0) return pointing.length > 0;
  const named = foreign.map((set) => `${set.type}${set.setIdentifier ? ` with set id "${set.setIdentifier}"` : ""}`);
  throw refusal(
    [
      `routing.zoneId: in zone ${zoneId}, ${hostname} already has records of another kind: ${named.join(", ")}.`,
      `Beside the simple ${type} record that the active site writes, the name would point at several places, or Route 53 would refuse it.`,
      `Delete them (aws route53 change-resource-record-sets --hosted-zone-id ${zoneId} …), then type \`pulumi up\` again. Nothing was changed.`,
    ].join("\n"),
  );
}

/** The record while this site is active. */
export function recordArgs(settings: Route53Settings, hostname: string, target: string): RecordArgs {
  return {
    zoneId: settings.zoneId,
    name: hostname,
    type: recordTypeOf(target),
    ttl: settings.ttlSeconds,
    records: [target],
    allowOverwrite: true,
  };
}

/** The id under which the provider knows the record. */
export function recordId(settings: Route53Settings, hostname: string, target: string): string {
  return `${settings.zoneId}_${hostname.toLowerCase()}_${recordTypeOf(target)}`;
}

/** The check of a site's own entry: the same in both roles. A standby's Harbor is down, and shows as that. */
export function healthCheckArgs(hostname: string, entry: Entry): HealthCheckArgs {
  const byAddress = recordTypeOf(entry.host) !== "CNAME";
  return {
    type: entry.tls ? "HTTPS" : "HTTP",
    // With an address, the name is what the request and its TLS handshake ask for, as clients do.
    ...(byAddress ? { ipAddress: entry.host, fqdn: hostname } : { fqdn: entry.host }),
    port: entry.port,
    resourcePath: HEALTH_PATH,
    requestInterval: 30,
    failureThreshold: 3,
    ...(entry.tls ? { enableSni: true } : {}),
  };
}

/** Declares the site's view of the record, and its health check. */
export function declareRoute53(name: string, args: Route53Args, parent: pulumi.Resource): pulumi.Resource[] {
  const { settings, role, hostname, entry, published } = args;
  if (published === undefined) throw new Error("routing with Route 53 needs `published`, the answer of lookUpName");
  const { Record, HealthCheck } = aws();
  const child = { parent, provider: published.provider };
  if (settings.healthCheck) {
    new HealthCheck(
      `${name}-health`,
      { ...healthCheckArgs(hostname, entry), tags: { Name: `${hostname} ${entry.host}` } },
      child,
    );
  }
  if (role === "active") {
    return [
      new Record(`${name}-record`, recordArgs(settings, hostname, entry.host), {
        ...child,
        retainOnDelete: true,
        dependsOn: args.after,
      }),
    ];
  }
  return published.found
    ? [Record.get(`${name}-record`, recordId(settings, hostname, entry.host), {}, { ...child, dependsOn: args.after })]
    : [];
}
