/**
 * The external address, which only the active site writes. On both sites the same resources exist, and
 * the last one proves what a resolver answers.
 *
 * With external-dns the standby's DNSEndpoint names no target. Both sites share one owner id and run with
 * `--policy=upsert-only`: with `sync` the standby's empty list would delete the active site's record, and
 * with owner ids of their own the promoted site could never take the record over (external-dns, plan/plan.go).
 * Route 53 is in routingRoute53.ts; with `command` a step calls the user's own executable, on the active site only.
 */
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { recordTypeOf } from "../config/routingSchema.ts";
import type { Settings } from "../config/schema.ts";
import { DnsEndpoint, type DnsEndpointSpec } from "../kinds/dnsEndpoint.ts";
import type { Role } from "../sites.ts";
import type { After } from "./order.ts";
import { declareRoute53, type Entry, type PublishedName } from "./routingRoute53.ts";
import { declareStep, type Proof, proofOf, type StepContext } from "./step.ts";

export type RoutingSettings = Settings["routing"];

/** How a record is written; everything but `none`. */
type Writer = Exclude<RoutingSettings, { type: "none" }>;

export interface RoutingArgs {
  readonly settings: RoutingSettings;
  readonly context: StepContext;
  /** Namespace of the DNSEndpoint. */
  readonly namespace: string;
  /** The name that clients use. */
  readonly hostname: string;
  /** This site's Harbor entry: the name is to point at its host. */
  readonly entry: Entry;
  /** With Route 53: what `lookUpName` found. */
  readonly published?: PublishedName | undefined;
  /** Limit of the switch and of its proof, each, in seconds. */
  readonly timeoutSeconds: number;
  /** What must be proved before clients are sent here. */
  readonly after: After;
  /** Provider of the site's cluster, which external-dns needs. */
  readonly provider?: kubernetes.Provider | undefined;
}

/** The DNSEndpoint's spec: the active site names itself, the standby nobody. */
export function dnsEndpointSpec(role: Role, hostname: string, target: string, ttlSeconds: number): DnsEndpointSpec {
  const endpoint = { dnsName: hostname, recordType: recordTypeOf(target), recordTTL: ttlSeconds, targets: [target] };
  const byRole: Record<Role, DnsEndpointSpec> = {
    active: { endpoints: [endpoint] },
    standby: { endpoints: [] },
  };
  return byRole[role];
}

export class Routing extends pulumi.ComponentResource {
  /** There once the address is proved. */
  readonly proof: pulumi.Resource;
  /** What was proved; nothing where the address is switched by other means. */
  readonly proved: pulumi.Output<Proof | undefined>[];

  constructor(name: string, args: RoutingArgs, options?: pulumi.ComponentResourceOptions) {
    super("harbor-dr:index:Routing", name, { role: args.context.role, settings: args.settings }, options);
    const { settings } = args;
    if (settings.type === "none") {
      this.proof = this;
      this.proved = [];
    } else {
      const written = this.write(name, args, settings);
      const proof = declareStep(
        `${name}-proof`,
        "proveRouting",
        args.context,
        args.timeoutSeconds,
        { ...nameEnvironment(args, settings), ...(settings.resolver ? { DR_RESOLVER: settings.resolver } : {}) },
        // The record is written before anybody is asked about it.
        { parent: this, dependsOn: pulumi.output(args.after).apply((after) => [...after, ...written]) },
      );
      this.proof = proof;
      this.proved = [proofOf(proof)];
    }
    this.registerOutputs({ proved: this.proved });
  }

  /** Declares what writes the record; more than one resource, or none that waits to be there. */
  private write(name: string, args: RoutingArgs, settings: Writer): pulumi.Resource[] {
    switch (settings.type) {
      case "externalDns": {
        const spec = dnsEndpointSpec(args.context.role, args.hostname, args.entry.host, settings.ttlSeconds);
        const metadata = { name: "harbor-dr", namespace: args.namespace };
        const cluster = args.provider === undefined ? {} : { provider: args.provider };
        const child = { parent: this, ...cluster, dependsOn: args.after };
        return [new DnsEndpoint(`${name}-record`, { metadata, spec }, child)];
      }
      case "route53":
        return declareRoute53(
          name,
          {
            settings,
            role: args.context.role,
            hostname: args.hostname,
            entry: args.entry,
            published: args.published,
            after: args.after,
          },
          this,
        );
      case "command": {
        const own = {
          ...nameEnvironment(args, settings),
          DR_RECORD_TYPE: recordTypeOf(args.entry.host),
          DR_ROUTING_COMMAND: JSON.stringify([settings.command, ...settings.arguments]),
        };
        const child = { parent: this, dependsOn: args.after };
        return [declareStep(`${name}-record`, "switchRouting", args.context, args.timeoutSeconds, own, child)];
      }
    }
  }
}

function nameEnvironment({ hostname, entry }: RoutingArgs, { ttlSeconds }: Writer) {
  return { DR_HOSTNAME: hostname, DR_TARGET: entry.host, DR_TTL_SECONDS: String(ttlSeconds) };
}
