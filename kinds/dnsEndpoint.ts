/** external-dns's DNSEndpoint (externaldns.k8s.io/v1alpha1). Source: kubernetes-sigs/external-dns, docs/sources/crd.md. */
import type * as pulumi from "@pulumi/pulumi";
import { Kind, type Metadata, typeToken } from "./kind.ts";

export interface DnsRecord {
  readonly dnsName: string;
  readonly recordType: "A" | "AAAA" | "CNAME";
  /** Seconds. */
  readonly recordTTL: number;
  readonly targets: readonly string[];
}

export interface DnsEndpointSpec {
  /** Empty on the standby: only the active site's object names a target. */
  readonly endpoints: readonly DnsRecord[];
}

export class DnsEndpoint extends Kind<DnsEndpointSpec> {
  static readonly identity = { apiVersion: "externaldns.k8s.io/v1alpha1", kind: "DNSEndpoint" };
  static readonly __pulumiType = typeToken(DnsEndpoint.identity);
  constructor(
    name: string,
    args: { readonly metadata: Metadata; readonly spec: pulumi.Input<DnsEndpointSpec> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(DnsEndpoint.identity, name, args, options);
  }
}
