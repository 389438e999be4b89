/**
 * Asks databases: this site's by psql in its pod, the other site's from that pod (the way replication
 * goes) and from the runner (which may still see it when the sites are cut off from each other).
 */
import { Socket } from "node:net";
import type { ClientConfig } from "pg";
import { type Pod, podState } from "./cluster.ts";
import { type DatabaseSilence, type DatabaseState, parseState, STATE_SQL, silenceOf } from "./databaseState.ts";
import type { Address } from "./environment.ts";
import type { ExecResult, Pods } from "./pods.ts";

/** Limits of one look. A TCP connection is tried at 0 and 1 seconds. */
const CONNECT_SECONDS = 2;
const STATEMENT_MS = 8000;
const CONTAINER = "postgres";

/** A database that answered, or why it did not. */
export type DatabaseAnswer = { readonly kind: "state"; readonly state: DatabaseState } | DatabaseSilence;

/** What was found of this site's own database. */
export type OwnDatabase = DatabaseAnswer | { readonly kind: "absent"; readonly why: string };

/** The databases that a step can ask. */
export class Databases {
  readonly #pods: Pods;
  readonly #namespace: string;
  readonly #cluster: string;
  readonly #password: string;
  readonly #peer: Address;

  constructor(
    pods: Pods,
    environment: {
      readonly DR_NAMESPACE: string;
      readonly DR_CLUSTER: string;
      readonly DR_SUPERUSER_PASSWORD: string;
      readonly DR_PEER_DATABASE_HOST: string;
      readonly DR_PEER_DATABASE_PORT: string;
    },
  ) {
    this.#pods = pods;
    this.#namespace = environment.DR_NAMESPACE;
    this.#cluster = environment.DR_CLUSTER;
    this.#password = environment.DR_SUPERUSER_PASSWORD;
    this.#peer = { host: environment.DR_PEER_DATABASE_HOST, port: Number(environment.DR_PEER_DATABASE_PORT) };
  }

  /** The leader's pod, if there is one that runs. A standby site's leader carries the same label. */
  async leader(): Promise<Pod | string> {
    const pods = await this.#pods.list(this.#namespace, { "cluster-name": this.#cluster });
    const leaders = pods.filter(
      (pod) =>
        ["master", "primary", "standby_leader"].includes(pod.metadata.labels?.["spilo-role"] ?? "") &&
        pod.metadata.deletionTimestamp === undefined &&
        pod.status?.phase === "Running",
    );
    if (leaders[0] !== undefined) return leaders[0];
    return pods.length === 0
      ? `no pod with label cluster-name=${this.#cluster} in namespace ${this.#namespace}`
      : `no leader among ${pods.map(podState).join(", ")}`;
  }

  /** State of this site's leader. */
  async own(): Promise<OwnDatabase> {
    const pod = await this.leader();
    if (typeof pod === "string") return { kind: "absent", why: pod };
    return answerOf(await this.psql(pod, STATE_SQL));
  }

  /** State of the other site's database, asked from this site's pod. */
  async peerFromPod(pod: Pod): Promise<DatabaseAnswer> {
    return answerOf(await this.psql(pod, STATE_SQL, this.#peer));
  }

  /** Whether the other site's database is writable, asked from where this program runs. */
  async peerFromRunner(): Promise<{ kind: "writable" | "recovery"; why: string } | DatabaseSilence> {
    const { default: pg } = await import("pg");
    const where = `${this.#peer.host}:${this.#peer.port} from the runner`;
    let connected = false;
    const socket = new Socket().once("connect", () => {
      connected = true;
    });
    const settings: ClientConfig = {
      ...this.#peer,
      stream: () => socket,
      user: "postgres",
      database: "postgres",
      password: this.#password,
      ssl: { rejectUnauthorized: false },
      connectionTimeoutMillis: CONNECT_SECONDS * 1000,
      query_timeout: CONNECT_SECONDS * 1000,
      application_name: "harbor-dr",
    };
    const client = new pg.Client(settings);
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ r: boolean }>("select pg_is_in_recovery() as r");
      const recovery = rows[0]?.r === true;
      return recovery
        ? { kind: "recovery", why: `${where} is in recovery` }
        : { kind: "writable", why: `${where} takes writes` };
    } catch (error) {
      const text = error instanceof AggregateError ? error.errors.map(String).join("; ") : String(error);
      const silence = silenceOf(text);
      // A port that accepts and then says nothing is a server that hangs, not an empty address.
      const hangs = connected && /timeout|timed out/i.test(text);
      return { kind: hangs ? "unclear" : silence.kind, why: `${where}: ${silence.why}` };
    } finally {
      await Promise.race([client.end().catch(() => undefined), new Promise((done) => setTimeout(done, 200))]);
    }
  }

  /**
   * Runs a psql script in a pod: the password and the script go in by stdin. `\q` ends it, because not
   * every API server can close the input.
   */
  psql(pod: Pod, script: string, target?: Address): Promise<ExecResult> {
    const conninfo = [
      "user=postgres",
      "dbname=postgres",
      "application_name=harbor-dr",
      `connect_timeout=${CONNECT_SECONDS}`,
      `options='-c statement_timeout=${STATEMENT_MS}'`,
      ...(target ? [`host=${target.host}`, `port=${target.port}`, "sslmode=require"] : []),
    ].join(" ");
    const run = 'read -r PGPASSWORD; export PGPASSWORD; exec psql -X -q -A -t -w -v ON_ERROR_STOP=1 -d "$1" -f -';
    return this.#pods.exec(pod, ["sh", "-c", run, "sh", conninfo], {
      container: CONTAINER,
      stdin: `${this.#password}\n${script}\n\\q\n`,
      timeoutMs: CONNECT_SECONDS * 1000 + STATEMENT_MS + 3000,
    });
  }
}

function answerOf(result: ExecResult): DatabaseAnswer {
  const state = result.exitCode === 0 ? parseState(result.stdout) : undefined;
  if (state !== undefined) return { kind: "state", state };
  return silenceOf(result.stderr || result.stdout || `psql ended with ${result.exitCode} and printed nothing`);
}
