/**
 * What a PostgreSQL server says of itself, as one JSON line that one query makes, and how the failures
 * to ask it are told apart. No I/O: the query is sent by `database.ts`.
 */
import { read } from "./shape.ts";
import type { WalPosition } from "./walHistory.ts";

/** The slot that the operator makes for the other site. */
const SLOT = "xdc_hotstandby";

/** One server's state. */
export interface DatabaseState extends WalPosition {
  readonly inRecovery: boolean;
  /** Same on both sites, or they are two databases. */
  readonly systemIdentifier: string;
  readonly version: string;
  /** The WAL receiver of a standby; absent while it has none. */
  readonly receiver?: { readonly status: string; readonly host: string; readonly port: number };
  /** The slot for the other site, where there is one: `lost` means that its WAL is gone. */
  readonly slot?: { readonly active: boolean; readonly walStatus: string };
  /** The site that last proved itself active in this database; absent before the first proof. */
  readonly lastActive?: string;
  /** The last lines of the server's log that tell why a standby does not stream. */
  readonly complaint?: string;
}

/**
 * Prints a server's state as JSON on one line. Works on a primary and on a standby, asked as a superuser.
 *
 * A standby's timeline is the highest that anything shows. Its control file lags until its next restart point, minutes
 * after the other site was promoted, and the receiver is gone once that site is demoted again: then the log file that
 * holds what was replayed last still carries the timeline in its name.
 */
export const STATE_SQL = `
\\set last_active ''
\\set complaint ''
select to_regclass('harbor_dr.proof') is not null as has_proof,
       pg_is_in_recovery() and current_setting('logging_collector') = 'on' as has_log \\gset
\\if :has_proof
select coalesce((select site from harbor_dr.proof order by at desc limit 1), '') as last_active \\gset
\\endif
\\if :has_log
with log as (select pg_current_logfile() as file),
     tail as (select encode(pg_read_binary_file(file, greatest((pg_stat_file(file, true)).size - 16384, 0), 16384, true), 'escape') as text from log)
select coalesce((select line from tail, regexp_split_to_table(text, E'\\n') with ordinality as lines(line, at)
  where line ~ 'requested (starting point|WAL segment)|forked off|not in this server|system identifier|start point .* ahead'
  order by at desc limit 1), '') as complaint \\gset
\\endif
with replayed as (
  select lpad(upper(to_hex(at / per)), 8, '0') || lpad(upper(to_hex(at % per)), 8, '0') as segment from (
    select div(greatest(pg_last_wal_replay_lsn() - '0/1'::pg_lsn, 0), size)::bigint as at, 4294967296 / size as per
    from (select pg_size_bytes(current_setting('wal_segment_size')) as size) as sizes) as places),
now as (
  select case when pg_is_in_recovery()
    then greatest((select timeline_id from pg_control_checkpoint()), (select min_recovery_end_timeline from pg_control_recovery()),
                  (select received_tli from pg_stat_wal_receiver where latest_end_lsn is not null),
                  (select max(('x' || left(name, 8))::bit(32)::int) from replayed join pg_ls_waldir() on substr(name, 9) = segment))
    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline)
select json_build_object(
  'inRecovery', pg_is_in_recovery(),
  'systemIdentifier', (select system_identifier::text from pg_control_system()),
  'version', current_setting('server_version'),
  'timeline', timeline,
  'lsn', case when pg_is_in_recovery() then coalesce(pg_last_wal_replay_lsn(), '0/0') else pg_current_wal_lsn() end,
  'history', coalesce(pg_read_file('pg_wal/' || lpad(upper(to_hex(timeline)), 8, '0') || '.history', 0, 100000, true), ''),
  'receiver', (select json_build_object('status', status, 'host', sender_host, 'port', sender_port) from pg_stat_wal_receiver),
  'slot', (select json_build_object('active', active, 'walStatus', wal_status) from pg_replication_slots where slot_name = '${SLOT}'),
  'lastActive', :'last_active',
  'complaint', :'complaint') from now;
`;

/** Reads the line that `STATE_SQL` prints; undefined when there is none. */
export function parseState(output: string): DatabaseState | undefined {
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const inRecovery = read.boolean(value, "inRecovery");
  const systemIdentifier = read.text(value, "systemIdentifier");
  const timeline = read.number(value, "timeline");
  const lsn = read.text(value, "lsn");
  if (inRecovery === undefined || systemIdentifier === undefined || timeline === undefined || lsn === undefined) {
    return undefined;
  }
  const receiver = read.object(value, "receiver");
  const slot = read.object(value, "slot");
  const lastActive = read.text(value, "lastActive");
  const complaint = read.text(value, "complaint");
  return {
    inRecovery,
    systemIdentifier,
    timeline,
    lsn,
    version: read.text(value, "version") ?? "",
    history: read.text(value, "history") ?? "",
    ...(receiver
      ? {
          receiver: {
            status: read.text(receiver, "status") ?? "",
            host: read.text(receiver, "host") ?? "",
            port: read.number(receiver, "port") ?? 0,
          },
        }
      : {}),
    ...(slot
      ? { slot: { active: read.boolean(slot, "active") ?? false, walStatus: read.text(slot, "walStatus") ?? "" } }
      : {}),
    ...(lastActive ? { lastActive } : {}),
    ...(complaint ? { complaint } : {}),
  };
}

/** What an attempt to ask a database came to when it gave no state. */
export interface DatabaseSilence {
  /**
   * `silent`: nothing listens. `unclear`: something answers, and does not say what it is.
   * `blind`: the attempt says nothing about the other side, such as a name that does not resolve.
   */
  readonly kind: "silent" | "unclear" | "blind";
  readonly why: string;
}

/** Tells the failures of psql and of node-postgres apart by their text. */
export function silenceOf(text: string): DatabaseSilence {
  const why = text.trim().split("\n").slice(-2).join(" | ").slice(0, 300) || "no output";
  if (/could not translate host name|ENOTFOUND|EAI_AGAIN|Name or service not known/i.test(text)) {
    return { kind: "blind", why };
  }
  const nobody =
    /connection refused|no route to host|host is unreachable|network is unreachable|timeout expired|timed out|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN|server closed the connection unexpectedly|ECONNRESET|connection reset|connection terminated/i;
  return { kind: nobody.test(text) ? "silent" : "unclear", why };
}

/** A state in one line. */
export function stateText(state: DatabaseState): string {
  const receiver = state.receiver
    ? `, WAL receiver ${state.receiver.status} from ${state.receiver.host}:${state.receiver.port}`
    : state.inRecovery
      ? ", no WAL receiver"
      : "";
  return `${state.inRecovery ? "in recovery" : "writable"}, timeline ${state.timeline} at ${state.lsn}${receiver}${state.complaint ? `; its log: ${state.complaint}` : ""}`;
}
