/**
 * The external address, which only the active site writes. On both sites the same objects exist; the
 * standby's name no target.
 *
 * With external-dns both sites share one owner id and run with `--policy=upsert-only`: with `sync` the
 * standby's empty list would delete the active site's record, and with owner ids of their own the
 * promoted site could never take the record over (external-dns, plan/plan.go).
 */

import { isIPv4, isIPv6 } from "node:net";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../config/schema.ts";
import { DnsEndpoint, type DnsEndpointSpec } from "../kinds/dnsEndpoint.ts";
import type { Role } from "../sites.ts";
import type { After } from "./order.ts";

export type RoutingSettings = Settings["routing"];

export interface RoutingArgs {
  readonly settings: RoutingSettings;
  readonly role: Role;
  readonly namespace: string;
  /** The name that clients use. */
  readonly hostname: string;
  /** Host of this site's Harbor entry. */
  readonly target: string;
  /** What must be proved before clients are sent here. */
  readonly after: After;
  readonly provider: kubernetes.Provider;
}

/** The DNSEndpoint's spec: the active site names itself, the standby nobody. */
export function dnsEndpointSpec(role: Role, hostname: string, target: string, ttlSeconds: number): DnsEndpointSpec {
  const recordType = isIPv4(target) ? "A" : isIPv6(target) ? "AAAA" : "CNAME";
  const byRole: Record<Role, DnsEndpointSpec> = {
    active: { endpoints: [{ dnsName: hostname, recordType, recordTTL: ttlSeconds, targets: [target] }] },
    standby: { endpoints: [] },
  };
  return byRole[role];
}

export class Routing extends pulumi.ComponentResource {
  /** There once the address has been written. */
  readonly proof: pulumi.Resource;

  constructor(name: string, args: RoutingArgs, options?: pulumi.ComponentResourceOptions) {
    super("harbor-dr:index:Routing", name, { role: args.role, settings: args.settings }, options);
    this.proof = this.declare(name, args);
    this.registerOutputs({});
  }

  private declare(name: string, args: RoutingArgs): pulumi.Resource {
    switch (args.settings.type) {
      case "none":
        return this;
      case "externalDns":
        return new DnsEndpoint(
          `${name}-record`,
          {
            metadata: { name: "harbor-dr", namespace: args.namespace },
            spec: dnsEndpointSpec(args.role, args.hostname, args.target, args.settings.ttlSeconds),
          },
          { parent: this, provider: args.provider, dependsOn: args.after },
        );
    }
  }
}
