/**
 * Stand-in for the PostgreSQL operator: turns `postgresql` resources into real PostgreSQL under Patroni.
 *
 * As the real one it owns the status (one word, no observedGeneration, so `Running` is stale for a while after every
 * change), keeps credentials Secrets that are there, refuses what cannot work, and promotes or demotes a site by
 * changing Patroni's `standby_cluster`. It neither notices nor repairs a site whose history has diverged, and after a
 * restart of the site every server comes back with the role that it had: that is what users meet, and what the
 * program's gate and proofs are for.
 */

import { installedVersions } from "../../postgres/installed.ts";
import { type Cluster, eraseMember, eraseScope, processName, stopMember } from "../../postgres/member.ts";
import { peerObjection } from "../../postgres/sql.ts";
import type { Controller, KubeObject, SiteContext } from "../controller.ts";
import { setStatus } from "../controller.ts";
import { type MemberView, runMembers } from "./members.ts";
import { ensureServices, labelsOf, removePod, removeServices } from "./objects.ts";
import { type ClusterRecord, eraseRecord, readRecord, writeRecord } from "./record.ts";
import { credentials, NotYet, secretValues } from "./secrets.ts";
import { isReplica, type PostgresqlSpec, refusal, shapeOf, specOf } from "./spec.ts";

const BUSY_MS = 300;
const SETTLED_MS = 1000;
const WAITING_MS = 1000;

type Status = "Creating" | "Running" | "Updating" | "CreateFailed" | "UpdateFailed";

const clusterOf = (object: KubeObject): Cluster => ({
  namespace: object.metadata?.namespace ?? "default",
  name: object.metadata?.name ?? "",
});

const statusOf = (object: KubeObject): string =>
  (object.status as { PostgresClusterStatus?: string } | undefined)?.PostgresClusterStatus ?? "";

/** The last line logged per resource: a wait is said once, not every two seconds. */
const said = new Map<string, string>();

async function say(context: SiteContext, object: KubeObject, status: Status, line: string): Promise<void> {
  const uid = object.metadata?.uid ?? "";
  if (line !== "" && said.get(uid) !== line) context.log(`${clusterOf(object).name}: ${line}`);
  said.set(uid, line);
  if (statusOf(object) === status) return;
  await setStatus(context, object, { PostgresClusterStatus: status });
  object.status = { PostgresClusterStatus: status };
}

async function erase(context: SiteContext, cluster: Cluster, record: ClusterRecord): Promise<void> {
  for (let ordinal = 0; ordinal < record.instances; ordinal += 1) {
    await removePod(context, cluster, ordinal);
    await stopMember(context.processes, cluster, ordinal);
    await eraseMember(context.lab, cluster, ordinal);
  }
  await eraseScope(cluster);
}

/** This resource's record. Data of an earlier resource of the name, or of a first start that was killed, is removed. */
async function ownRecord(context: SiteContext, object: KubeObject, spec: PostgresqlSpec): Promise<ClusterRecord> {
  const cluster = clusterOf(object);
  const uid = object.metadata?.uid ?? "";
  const known = readRecord(context.lab, cluster);
  if (known?.uid === uid) return known;
  if (known !== undefined) {
    context.log(`${cluster.name}: removing the data of a deleted resource of the same name`);
    await erase(context, cluster, known);
  }
  const fresh = { uid, bootstrapped: false, replicated: spec.clusterReplication?.enabled === true, instances: 1 };
  await writeRecord(context.lab, cluster, fresh);
  return fresh;
}

/** A new standby is made only when the peer can be cloned with the bootstrap Secret: never an empty primary instead. */
async function awaitPeer(context: SiteContext, cluster: Cluster, spec: PostgresqlSpec): Promise<void> {
  const { peerHost = "", peerPort = 0, bootstrapSecret = "" } = spec.clusterReplication ?? {};
  const login = await secretValues(context, cluster.namespace, bootstrapSecret);
  if (login === undefined) {
    throw new NotYet(
      `spec.clusterReplication.bootstrapSecret: there is no Secret ${cluster.namespace}/${bootstrapSecret}`,
      { failed: true },
    );
  }
  const objection = await peerObjection(
    { host: peerHost, port: peerPort },
    { user: login.username ?? "", password: login.password ?? "" },
    spec.postgresql.version,
  );
  if (objection !== undefined) throw new NotYet(`peer ${peerHost}:${peerPort} cannot be cloned yet: ${objection}`);
}

/** Settled means that every member is what the resource says, as far as this operator looks. */
async function bringAbout(context: SiteContext, object: KubeObject, record: ClusterRecord): Promise<boolean> {
  const cluster = clusterOf(object);
  const spec = specOf(object);
  const team = spec.teamId;
  const labels = labelsOf(cluster, team);
  const passwords = await credentials(context, { ...cluster, labels }, spec);
  await ensureServices(context, cluster, team);
  const view: MemberView = { cluster, spec, shape: shapeOf(spec), passwords, owner: object, record };
  if (!record.bootstrapped && isReplica(spec) && !context.processes.running(processName(cluster, 0))) {
    await awaitPeer(context, cluster, spec);
    await say(context, object, "Creating", "");
  }
  return await runMembers(context, view, async (line) => {
    await say(context, object, record.bootstrapped ? "Updating" : "Creating", line);
  });
}

async function reconcile(object: KubeObject, context: SiteContext): Promise<number | undefined> {
  const cluster = clusterOf(object);
  const spec = specOf(object);
  const before = readRecord(context.lab, cluster);
  const created = before?.uid === object.metadata?.uid && before?.bootstrapped === true;
  const turned = created && isReplica(spec) && before?.replicated === false;
  const objection = turned
    ? "spec.clusterReplication was not enabled when this cluster was primary: a normal cluster cannot be turned into a standby"
    : refusal(cluster.name, spec, installedVersions());
  if (objection !== undefined) {
    await say(context, object, created ? "UpdateFailed" : "CreateFailed", `refused: ${objection}`);
    return undefined;
  }
  if (statusOf(object) === "") await say(context, object, "Creating", "");
  try {
    const settled = await bringAbout(context, object, await ownRecord(context, object, spec));
    if (settled) await say(context, object, "Running", "");
    return settled ? SETTLED_MS : BUSY_MS;
  } catch (thrown) {
    if (!(thrown instanceof NotYet)) throw thrown;
    const failed: Status = created ? "UpdateFailed" : "CreateFailed";
    await say(context, object, thrown.failed ? failed : created ? "Updating" : "Creating", thrown.message);
    return WAITING_MS;
  }
}

async function removed(object: KubeObject, context: SiteContext): Promise<void> {
  const cluster = clusterOf(object);
  const record = readRecord(context.lab, cluster);
  if (record === undefined || record.uid !== object.metadata?.uid) return;
  await erase(context, cluster, record);
  await removeServices(context, cluster);
  await eraseRecord(context.lab, cluster);
  said.delete(record.uid);
  context.log(`${cluster.name}: deleted with its data`);
}

export const postgresControllers: Controller[] = [
  { name: "postgres", watches: [{ apiVersion: "acid.zalan.do/v1", plural: "postgresqls" }], reconcile, removed },
];
