/**
 * What Patroni is told: the file of one member, and the part of it that the whole cluster shares (which Patroni keeps
 * in etcd and which changes when a site is promoted or demoted).
 *
 * The settings follow the image that the Zalando operator runs: same ports, same users, same rules about who may
 * connect and how. Two settings are the lab's own: fsync is off (a killed process loses nothing by that, only a
 * crashed machine would), and the server's log goes to Patroni's.
 */

import { postgresPrograms } from "./installed.ts";

/** The replication slot that a primary keeps for the other site. */
export const PEER_SLOT = "xdc_hotstandby";
export const POSTGRES_PORT = 5432;
export const PATRONI_PORT = 8008;
/** Patroni's folder in etcd; one cluster is one scope below it. */
export const ETCD_FOLDER = "/patroni/";
export const ETCD_ENDPOINT = "127.0.0.1:2379";

export interface Peer {
  readonly host: string;
  readonly port: number;
}

/** What the cluster is to be, from its custom resource. */
export interface ClusterShape {
  /** Major version. */
  readonly version: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Replication between sites is on: a primary keeps a slot for the peer. */
  readonly replicated: boolean;
  /** The peer that this cluster follows; absent on a primary. */
  readonly follows?: Peer;
}

export type DynamicConfig = Record<string, unknown>;

/** Bounds the disk that an idle lab uses; the custom resource's parameters win. */
const LAB_PARAMETERS: Readonly<Record<string, string>> = {
  fsync: "off",
  shared_buffers: "32MB",
  max_wal_size: "256MB",
  min_wal_size: "32MB",
};

const SPILO_PARAMETERS: Readonly<Record<string, string | number>> = {
  wal_level: "replica",
  hot_standby: "on",
  wal_log_hints: "on",
  max_connections: 100,
  max_wal_senders: 10,
  max_replication_slots: 10,
};

export const serverParameters = (shape: ClusterShape): Record<string, string | number> => ({
  ...SPILO_PARAMETERS,
  ...LAB_PARAMETERS,
  ...shape.parameters,
});

/** The two keys that a promotion or demotion changes; null takes a key out of Patroni's configuration. */
export function roleConfig(shape: ClusterShape): DynamicConfig {
  const { follows } = shape;
  return {
    standby_cluster:
      follows === undefined ? null : { host: follows.host, port: follows.port, primary_slot_name: PEER_SLOT },
    // A slot on a standby would only hold back WAL that nobody fetches.
    slots: shape.replicated && follows === undefined ? { [PEER_SLOT]: { type: "physical" } } : null,
  };
}

/** The shared configuration that a new cluster starts with. */
export function dynamicConfig(shape: ClusterShape): DynamicConfig {
  const role = Object.entries(roleConfig(shape)).filter(([, value]) => value !== null);
  return {
    ttl: 30,
    loop_wait: 10,
    retry_timeout: 10,
    maximum_lag_on_failover: 33_554_432,
    postgresql: { use_pg_rewind: true, use_slots: true, parameters: serverParameters(shape) },
    ...Object.fromEntries(role),
  };
}

export interface MemberFacts {
  /** Patroni's name of the cluster: one per namespace and custom resource. */
  readonly scope: string;
  readonly name: string;
  readonly address: string;
  readonly folder: string;
  readonly superuserPassword: string;
  readonly replicationPassword: string;
}

/**
 * Who may connect: the operator's image lets in local sockets without a password and everybody else only over TLS.
 * Its rule for 127.0.0.1 is left out: through the stand-in for kube-proxy every client comes from there.
 */
const ACCESS = [
  "local all all trust",
  "hostssl replication standby all md5",
  "hostnossl all all all reject",
  "hostssl all all all md5",
] as const;

/** One member's file, which holds passwords. JSON, of which YAML is a superset. */
export function memberConfig(member: MemberFacts, shape: ClusterShape): string {
  const { folder, address } = member;
  const config = {
    scope: member.scope,
    namespace: ETCD_FOLDER,
    name: member.name,
    restapi: { listen: `${address}:${PATRONI_PORT}`, connect_address: `${address}:${PATRONI_PORT}` },
    etcd3: { hosts: [ETCD_ENDPOINT] },
    bootstrap: {
      dcs: dynamicConfig(shape),
      initdb: [{ encoding: "UTF8" }, { locale: "C.UTF-8" }, "data-checksums"],
    },
    postgresql: {
      listen: `${address}:${POSTGRES_PORT}`,
      connect_address: `${address}:${POSTGRES_PORT}`,
      use_unix_socket: true,
      data_dir: `${folder}/data`,
      bin_dir: postgresPrograms(shape.version),
      pgpass: `${folder}/pgpass`,
      authentication: {
        superuser: { username: "postgres", password: member.superuserPassword, sslmode: "require" },
        replication: { username: "standby", password: member.replicationPassword, sslmode: "require" },
      },
      parameters: {
        unix_socket_directories: folder,
        ssl: "on",
        ssl_cert_file: `${folder}/server.crt`,
        ssl_key_file: `${folder}/server.key`,
        log_line_prefix: "%m [%p] ",
      },
      pg_hba: ACCESS,
      basebackup: [{ checkpoint: "fast" }],
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * The PATCH that turns the configuration in etcd into the wanted one; undefined when nothing is to change. Parameters
 * that the custom resource no longer names are taken out.
 */
export function configChange(current: DynamicConfig, shape: ClusterShape): DynamicConfig | undefined {
  const change: DynamicConfig = {};
  for (const [key, wanted] of Object.entries(roleConfig(shape))) {
    if (!sameConfig(current[key] ?? null, wanted)) change[key] = wanted;
  }
  const before = asObject(asObject(current.postgresql).parameters);
  const wanted = serverParameters(shape);
  const parameters: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wanted)) {
    if (String(before[key]) !== String(value)) parameters[key] = value;
  }
  for (const key of Object.keys(before)) if (!(key in wanted)) parameters[key] = null;
  if (Object.keys(parameters).length > 0) change.postgresql = { parameters };
  return Object.keys(change).length === 0 ? undefined : change;
}

const asObject = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** Equal as JSON, whatever the order of the keys. */
function sameConfig(left: unknown, right: unknown): boolean {
  const ordered = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([key, inner]) => [key, ordered(inner)]),
        )
      : value;
  return JSON.stringify(ordered(left)) === JSON.stringify(ordered(right));
}
