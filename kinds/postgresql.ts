/**
 * The PostgreSQL operator's kind (acid.zalan.do/v1, postgresql) with the `clusterReplication` block
 * that the two-site operator adds. Source: zalando/postgres-operator, docs/reference/cluster_manifest.md.
 */
import type * as pulumi from "@pulumi/pulumi";
import { Kind, type Metadata, typeToken } from "./kind.ts";
import type { ResourceRequirements } from "./resources.ts";

export interface ClusterReplication {
  readonly enabled: true;
  /** The promotion switch: true follows the peer, false is the primary. */
  readonly isReplica: boolean;
  /** Address of the other site's database service. */
  readonly peerHost: string;
  readonly peerPort: number;
  /** The same on both sites, or replication is not set up. */
  readonly replSvcType: "NodePort" | "LoadBalancer" | "ClusterIP";
  /** Secret (kubernetes.io/basic-auth) with the primary's superuser. */
  readonly bootstrapSecret: string;
}

export interface PostgresqlSpec {
  readonly teamId: string;
  readonly postgresql: { readonly version: string; readonly parameters: Readonly<Record<string, string>> };
  /** A standby must have 1: the operator refuses or hangs otherwise. */
  readonly numberOfInstances: number;
  readonly volume: { readonly size: string; readonly storageClass?: string };
  readonly users: Readonly<Record<string, readonly string[]>>;
  /** Database to owner. */
  readonly databases: Readonly<Record<string, string>>;
  readonly resources: ResourceRequirements;
  readonly clusterReplication: ClusterReplication;
}

export class Postgresql extends Kind<PostgresqlSpec> {
  static readonly identity = { apiVersion: "acid.zalan.do/v1", kind: "postgresql" };
  static readonly __pulumiType = typeToken(Postgresql.identity);
  constructor(
    name: string,
    args: { readonly metadata: Metadata; readonly spec: pulumi.Input<PostgresqlSpec> },
    options?: pulumi.CustomResourceOptions,
  ) {
    super(Postgresql.identity, name, args, options);
  }
}
