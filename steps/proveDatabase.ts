/**
 * Proves what this site's database is. Active: by a committed write that another session reads back,
 * because the role reads as promoted tens of milliseconds before the first write is accepted. Standby:
 * by a record written on the other site that arrives here. Nothing is promoted or demoted here: the
 * operator does that from the resource; this waits for it, and says when it cannot come true.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterApi, Pod } from "./cluster.ts";
import { Databases } from "./database.ts";
import { type DatabaseState, parseState, STATE_SQL, stateText } from "./databaseState.ts";
import { type StandbyFacts, standbyVerdict } from "./databaseVerdict.ts";
import { waitFor } from "./deadline.ts";
import { type Place, readPlace } from "./environment.ts";
import { type Evidence, StepFailure } from "./outcome.ts";
import { connect } from "./pods.ts";
import { read } from "./shape.ts";
import { type StepContext, stepMain } from "./step.ts";
import { lsnDistance } from "./walHistory.ts";

type Context = StepContext<"proveDatabase">;

/** An operator that runs has made a pod or a status by then. */
const OPERATOR_SECONDS = 60;
/** How long a record may take from one site to the other before the link counts as broken. */
const ARRIVAL_SECONDS = 20;

/** Proves the database in the role that the environment names. */
export async function proveDatabase(context: Context): Promise<Evidence> {
  const { api, pods } = await connect(context.environment);
  const databases = new Databases(pods, context.environment);
  const place = readPlace(context.environment);
  return place.role === "active"
    ? proveActive(context, api, databases, place)
    : proveStandby(context, api, databases, place);
}

async function proveActive(context: Context, api: ClusterApi, databases: Databases, place: Place): Promise<Evidence> {
  const { progress, deadline, environment } = context;
  const started = performance.now();
  return waitFor(
    `a committed write in ${place.site}'s database`,
    deadline,
    progress,
    async () => {
      const pod = await databases.leader();
      if (typeof pod === "string") return notThere(context, api, pod, started);
      const token = randomUUID();
      const wrote = await databases.psql(pod, writeSql(place.site, token));
      if (wrote.exitCode !== 0) return progress.saw("write", lastLine(wrote.stderr));
      const reread = await databases.psql(pod, `${readSql(place.site)}\n${STATE_SQL}`);
      const state = parseState(reread.stdout);
      const found = reread.stdout.split("\n")[0];
      if (found !== token || state === undefined) {
        return progress.saw("write", `committed, but another session read \`${found || lastLine(reread.stderr)}\``);
      }
      progress.saw("database", stateText(state));
      const seen = { pod: pod.metadata.name, ...facts(state) };
      return { proved: `${environment.DR_CLUSTER} committed a write that another session read back`, seen };
    },
    { everyMs: 400, remedy: () => operatorRemedy(environment) },
  );
}

async function proveStandby(context: Context, api: ClusterApi, databases: Databases, place: Place): Promise<Evidence> {
  const { progress, deadline, environment } = context;
  const started = performance.now();
  let hopelessSince: number | undefined;
  return waitFor(
    `${place.site}'s database as the standby of ${place.peer}'s`,
    deadline,
    progress,
    async () => {
      const pod = await databases.leader();
      if (typeof pod === "string") return notThere(context, api, pod, started);
      const look = await lookBothWays(databases, pod, environment, place);
      if (look.own.kind === "state") progress.saw("own database", stateText(look.own.state));
      if (look.fromPod)
        progress.saw(place.peer, look.fromPod.kind === "state" ? stateText(look.fromPod.state) : look.fromPod.why);
      const verdict = standbyVerdict(look);
      progress.saw("verdict", verdict.says);
      if (verdict.kind !== "hopeless") hopelessSince = undefined;
      if (verdict.kind === "hopeless") {
        hopelessSince ??= performance.now();
        const over = performance.now() - hopelessSince >= verdict.afterSeconds * 1000;
        if (over || deadline.left < 2000) throw new StepFailure(verdict.says, verdict.remedy);
      }
      const own = look.own.kind === "state" ? look.own.state : undefined;
      if (own === undefined) return undefined;
      if (verdict.kind === "proved") return { proved: verdict.says, seen: facts(own) };
      if (verdict.kind !== "streaming") return undefined;
      return recordArrives(context, databases, pod, place);
    },
    { everyMs: 500, remedy: () => operatorRemedy(environment) },
  );
}

/** Asks this site's database first and the other's second, so that a log that grows is not taken for one that is ahead. */
async function lookBothWays(
  databases: Databases,
  pod: Pod,
  environment: Context["environment"],
  place: Place,
): Promise<StandbyFacts> {
  const common = {
    site: place.site,
    peer: place.peer,
    address: `${environment.DR_PEER_DATABASE_HOST}:${environment.DR_PEER_DATABASE_PORT}`,
    rebuild: rebuildText(environment, place),
  };
  const own = await databases.own();
  if (own.kind !== "state" || !own.state.inRecovery) return { ...common, own };
  const fromPod = await databases.peerFromPod(pod);
  if (fromPod.kind === "state") return { ...common, own, fromPod };
  return { ...common, own, fromPod, fromRunner: await databases.peerFromRunner() };
}

/** Writes a record into the other site's log, in no table, and waits until this site has replayed it. */
async function recordArrives(
  context: Context,
  databases: Databases,
  pod: Pod,
  place: Place,
): Promise<Evidence | undefined> {
  const { progress, deadline, environment } = context;
  const peer = { host: environment.DR_PEER_DATABASE_HOST, port: Number(environment.DR_PEER_DATABASE_PORT) };
  const started = performance.now();
  const wrote = await databases.psql(pod, "select pg_logical_emit_message(true, 'harbor-dr', 'standby proof');", peer);
  const lsn = wrote.stdout.trim();
  if (wrote.exitCode !== 0 || lsn === "") {
    progress.saw("record", `could not be written on ${place.peer}: ${lastLine(wrote.stderr)}`);
    return undefined;
  }
  const limit = deadline.part(ARRIVAL_SECONDS);
  while (!limit.passed) {
    const own = await databases.own();
    if (own.kind === "state" && own.state.inRecovery && lsnDistance(own.state.lsn, lsn) <= 0n) {
      const took = Math.round(performance.now() - started);
      progress.saw("record", `written on ${place.peer} at ${lsn}, replayed here`);
      return {
        proved: `streams from ${place.peer}: a record written there was replayed here within ${took} ms`,
        seen: { ...facts(own.state), record: lsn, arrivedWithinMs: took },
      };
    }
    progress.saw("record", `written on ${place.peer} at ${lsn}, not replayed here yet`);
    await sleep(200);
  }
  progress.saw("record", `written on ${place.peer} at ${lsn}, not replayed here within ${ARRIVAL_SECONDS} s`);
  return undefined;
}

/** Says why there is no database to ask, and gives up early when no operator has touched the resource. */
async function notThere(context: Context, api: ClusterApi, why: string, started: number): Promise<undefined> {
  const { DR_NAMESPACE: namespace, DR_CLUSTER: cluster } = context.environment;
  const path = `/apis/acid.zalan.do/v1/namespaces/${namespace}/postgresqls/${cluster}`;
  const resource = await api.get(path);
  const status = read.text(resource, "status", "PostgresClusterStatus") ?? read.text(resource, "status");
  const state = resource === undefined ? "does not exist" : status ? `status ${status}` : "has no status";
  context.progress.saw("database", `${why}; postgresql ${cluster} ${state}`);
  const waited = (performance.now() - started) / 1000;
  if (status === undefined && waited > Math.min(OPERATOR_SECONDS, context.deadline.seconds / 2)) {
    throw new StepFailure(
      `postgresql ${namespace}/${cluster} ${state} and no pod after ${waited.toFixed(0)} s: no PostgreSQL operator acts on it`,
      "Install the operator, or look at its log: it must watch this namespace.",
    );
  }
}

const writeSql = (site: string, token: string): string => `
set client_min_messages = error;
begin;
create schema if not exists harbor_dr;
create table if not exists harbor_dr.proof (site text primary key, token text not null, at timestamptz not null);
insert into harbor_dr.proof values ('${site}', '${token}', clock_timestamp())
  on conflict (site) do update set token = excluded.token, at = excluded.at;
commit;`;

const readSql = (site: string): string =>
  `select token from harbor_dr.proof where site = '${site}' and not pg_is_in_recovery();`;

const facts = (state: DatabaseState) => ({
  inRecovery: state.inRecovery,
  systemIdentifier: state.systemIdentifier,
  timeline: state.timeline,
  lsn: state.lsn,
  version: state.version,
});

const rebuildText = (environment: Context["environment"], place: Place): string => {
  const { DR_NAMESPACE: namespace, DR_CLUSTER: cluster } = environment;
  const context = environment.DR_KUBE_CONTEXT ? ` --context ${environment.DR_KUBE_CONTEXT}` : "";
  return `\`kubectl${context} -n ${namespace} delete postgresql ${cluster} && kubectl${context} -n ${namespace} delete pvc -l cluster-name=${cluster} && pulumi up --refresh --stack ${place.site}\`.`;
};

const operatorRemedy = (environment: Context["environment"]): string =>
  `Look at \`kubectl -n ${environment.DR_NAMESPACE} get postgresql,pods -l cluster-name=${environment.DR_CLUSTER}\` and at the PostgreSQL operator's log; then run \`pulumi up\` again, it continues.`;

const lastLine = (text: string): string => text.trim().split("\n").at(-1) || "no output";

stepMain(import.meta.url, "proveDatabase", proveDatabase);
