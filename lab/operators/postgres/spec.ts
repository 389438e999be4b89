/** The custom resource as this operator reads it, and what it refuses, in words that name the field. */
import type { ClusterShape } from "../../postgres/patroniConfig.ts";
import type { KubeObject } from "../controller.ts";

export interface ClusterReplication {
  readonly enabled?: boolean;
  readonly isReplica?: boolean;
  readonly peerHost?: string;
  readonly peerPort?: number;
  readonly replSvcType?: string;
  readonly bootstrapSecret?: string;
}

export interface PostgresqlSpec {
  readonly teamId: string;
  readonly numberOfInstances: number;
  readonly postgresql: { readonly version: string; readonly parameters?: Readonly<Record<string, string>> };
  readonly users?: Readonly<Record<string, readonly string[]>>;
  readonly databases?: Readonly<Record<string, string>>;
  readonly clusterReplication?: ClusterReplication;
}

/** Pod names, Service names and a hash suffix are made from it: the operator's own limit. */
const LONGEST_NAME = 58;

export const specOf = (object: KubeObject): PostgresqlSpec => object.spec as unknown as PostgresqlSpec;

export const isReplica = (spec: PostgresqlSpec): boolean =>
  spec.clusterReplication?.enabled === true && spec.clusterReplication.isReplica === true;

/** Why the operator will not act on this resource; undefined when it will. */
export function refusal(name: string, spec: PostgresqlSpec, installed: readonly string[]): string | undefined {
  const team = `${spec.teamId.toLowerCase()}-`;
  if (!name.startsWith(team) || name.length <= team.length) {
    return `metadata.name "${name}" must match {TEAM}-{NAME}: with spec.teamId "${spec.teamId}" it must start with "${team}"`;
  }
  if (!/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) return `metadata.name "${name}" is no DNS-1035 label`;
  if (name.length > LONGEST_NAME) return `metadata.name "${name}" is longer than ${LONGEST_NAME} characters`;
  if (!installed.includes(spec.postgresql.version)) {
    return `spec.postgresql.version "${spec.postgresql.version}" cannot be had here: installed is PostgreSQL ${installed.join(", ") || "nothing"}. Try: pulumi config set --path 'harbor-dr:postgres.version' ${installed[0] ?? "15"}`;
  }
  const unowned = Object.entries(spec.databases ?? {}).find(([, owner]) => !(owner in (spec.users ?? {})));
  if (unowned !== undefined) {
    return `spec.databases.${unowned[0]} belongs to "${unowned[1]}", who is not in spec.users`;
  }
  const replication = spec.clusterReplication;
  if (replication?.enabled !== true) return undefined;
  if (replication.isReplica === true && spec.numberOfInstances > 1) {
    return `spec.numberOfInstances is ${spec.numberOfInstances}: a standby (spec.clusterReplication.isReplica: true) must have 1; scale up after the promotion`;
  }
  const missing = (["peerHost", "peerPort", "bootstrapSecret"] as const).filter(
    (key) => replication[key] === undefined,
  );
  return missing.length === 0 || replication.isReplica !== true
    ? undefined
    : `spec.clusterReplication lacks ${missing.join(", ")}, which a standby needs`;
}

export function shapeOf(spec: PostgresqlSpec): ClusterShape {
  const { peerHost, peerPort, enabled } = spec.clusterReplication ?? {};
  return {
    version: spec.postgresql.version,
    parameters: spec.postgresql.parameters ?? {},
    replicated: enabled === true,
    ...(isReplica(spec) && peerHost !== undefined && peerPort !== undefined
      ? { follows: { host: peerHost, port: peerPort } }
      : {}),
  };
}
