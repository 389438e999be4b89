/** SQL as the operator runs it: through a member's socket as superuser, and over TLS against the other site. */
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { PEER_SLOT, type Peer, POSTGRES_PORT } from "./patroniConfig.ts";

const CONNECT_MS = 3000;
const STATEMENT_MS = 15_000;

type Row = Record<string, unknown>;

async function withClient<T>(
  where: { host: string; port: number; user: string; password?: string; database?: string; tls?: boolean },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    host: where.host,
    port: where.port,
    user: where.user,
    database: where.database ?? "postgres",
    ...(where.password === undefined ? {} : { password: where.password }),
    // The operator's certificates are signed by nobody; encryption without identity is what sslmode=require means.
    ...(where.tls === true ? { ssl: { rejectUnauthorized: false } } : {}),
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: STATEMENT_MS,
  });
  // A server that is killed under an idle connection must not end the operator.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

const onSocket = async <T>(folder: string, work: (client: Client) => Promise<T>): Promise<T> =>
  await withClient({ host: folder, port: POSTGRES_PORT, user: "postgres" }, work);

/** True when the member's server answers a query; the pod's readiness. */
export async function answers(folder: string): Promise<boolean> {
  try {
    await onSocket(folder, async (client) => await client.query("select 1"));
    return true;
  } catch {
    return false;
  }
}

export interface Login {
  readonly user: string;
  readonly password: string;
  /** Role attributes such as `createdb`. */
  readonly flags: readonly string[];
}

const FLAG = /^(no)?(bypassrls|createdb|createrole|inherit|login|replication|superuser)$/i;

/** Roles with the passwords of their Secrets, databases with their owners. Run on a primary only; says what it made. */
export async function ensureRolesAndDatabases(
  folder: string,
  logins: readonly Login[],
  databases: Readonly<Record<string, string>>,
): Promise<string[]> {
  return await onSocket(folder, async (client) => {
    const made: string[] = [];
    const exists = async (table: "pg_roles" | "pg_database", column: string, name: string): Promise<boolean> =>
      ((await client.query<Row>(`select 1 from ${table} where ${column} = $1`, [name])).rowCount ?? 0) > 0;
    // A failed statement is logged with its text, and here that text holds a password.
    await client.query("set log_min_error_statement = panic");
    for (const login of logins) {
      const flags = login.flags.filter((flag) => FLAG.test(flag)).join(" ");
      const known = await exists("pg_roles", "rolname", login.user);
      await client.query(
        `${known ? "alter" : "create"} role ${escapeIdentifier(login.user)} with login ${flags} password ${escapeLiteral(login.password)}`,
      );
      if (!known) made.push(`role ${login.user}`);
    }
    for (const [database, owner] of Object.entries(databases)) {
      if (await exists("pg_database", "datname", database)) continue;
      await client.query(`create database ${escapeIdentifier(database)} owner ${escapeIdentifier(owner)}`);
      made.push(`database ${database}`);
    }
    return made;
  });
}

/**
 * The slot for the other site, at once: Patroni would make it in its next round, up to ten seconds after a promotion,
 * and the peer cannot stream without it.
 */
export async function ensurePeerSlot(folder: string): Promise<void> {
  await onSocket(folder, async (client) => {
    await client.query(
      "select pg_create_physical_replication_slot($1, true) where not exists (select 1 from pg_replication_slots where slot_name = $1)",
      [PEER_SLOT],
    );
  });
}

/**
 * Why the peer cannot be cloned now; undefined when it can. A standby that were made without this answer would wait
 * in Patroni, silently; with the wrong one it could follow a server of another version.
 */
export async function peerObjection(
  peer: Peer,
  login: { readonly user: string; readonly password: string },
  version: string,
): Promise<string | undefined> {
  try {
    return await withClient({ ...peer, ...login, tls: true }, async (client) => {
      const { rows } = await client.query<{ recovering: boolean; version: number }>(
        "select pg_is_in_recovery() as recovering, current_setting('server_version_num')::int as version",
      );
      const major = String(Math.floor((rows[0]?.version ?? 0) / 10_000));
      if (major !== version) return `it runs PostgreSQL ${major}, this site ${version}`;
      return rows[0]?.recovering === true ? "it is itself in recovery, not a primary" : undefined;
    });
  } catch (thrown) {
    return thrown instanceof Error && thrown.message !== "" ? thrown.message : String(thrown);
  }
}
