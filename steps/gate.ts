/**
 * The gate before a promotion: refuses while the other site still answers as active on any path.
 * All paths are asked at once, each with a limit of a few seconds, because in a failover the other
 * site is dead and answers none of them. Changes nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Databases } from "./database.ts";
import { readAddress, readPlace, readUrl } from "./environment.ts";
import {
  combineDatabaseSights,
  type DatabaseSight,
  type GatewaySight,
  gateVerdict,
  type HarborSight,
  harborSight,
  type Sights,
} from "./gateVerdict.ts";
import { askGateway, Toolbox } from "./objectStore.ts";
import { type Evidence, StepFailure, StepRefusal, textOf } from "./outcome.ts";
import { periodText } from "./period.ts";
import { connect, type Pods } from "./pods.ts";
import { jsonOf, NoAnswer, request } from "./request.ts";
import { type StepContext, stepMain } from "./step.ts";

type Context = StepContext<"gate">;

/** Limit of one look at one path: TCP tries at once and after a second, and has another second for the answer. */
const LOOK_MS = 2000;
/** What is unclear, such as a database that is starting, may clear up within this. */
const DOUBT_SECONDS = 15;

/** Lets the promotion pass, or refuses it. */
export async function gate(context: Context): Promise<Evidence> {
  const { environment, deadline, progress } = context;
  const place = readPlace(environment);
  if (place.role === "standby") return { proved: `${place.site} is a standby: nothing to promote`, seen: {} };
  const { pods } = await connect(environment);
  const patience = deadline.part(DOUBT_SECONDS);
  for (;;) {
    const sights = await look(context, pods);
    progress.saw(`${place.peer}'s Harbor`, `${sights.harbor.kind}: ${sights.harbor.says}`);
    progress.saw(`${place.peer}'s database`, `${sights.database.kind}: ${sights.database.says}`);
    progress.saw(`${place.peer}'s gateway`, `${sights.gateway.kind}: ${sights.gateway.says}`);
    const verdict = gateVerdict(sights, place);
    if (verdict.pass) {
      const kinds = { harbor: sights.harbor.kind, database: sights.database.kind, gateway: sights.gateway.kind };
      return { proved: verdict.says, seen: { ...kinds, alreadyActive: sights.alreadyActive } };
    }
    if (!verdict.retry || patience.left < 1500)
      throw new StepRefusal(verdict.says, remedy(place.site, place.peer, sights));
    await sleep(1000);
  }
}

async function look(context: Context, pods: Pods): Promise<Sights> {
  const [harbor, database, gateway, zoneIsMaster] = await Promise.all([
    lookAtHarbor(context),
    lookAtDatabase(context, pods),
    lookAtGateway(context),
    ownZoneIsMaster(context, pods),
  ]);
  return { harbor, database: database.peer, gateway, alreadyActive: database.ownWritable && zoneIsMaster };
}

async function lookAtHarbor({ environment }: Context): Promise<HarborSight> {
  const url = new URL("/api/v2.0/health", readUrl("DR_EXTERNAL_URL", environment.DR_EXTERNAL_URL));
  const where = environment.DR_PEER_HARBOR_ADDRESS;
  try {
    const answer = await request(url, {
      timeoutMs: LOOK_MS,
      connectTo: readAddress("DR_PEER_HARBOR_ADDRESS", where),
      // Only whether it answers matters here: a certificate that has expired must not hide an active site.
      tls: { rejectUnauthorized: false },
    });
    return harborSight(where, answer.status, jsonOf(answer));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    const hangs = error.connected && /within/.test(error.message);
    if (hangs) return { kind: "unclear", says: `Harbor accepts connections and does not answer: ${error.message}` };
    return { kind: "silent", says: `Harbor does not answer: ${error.message}` };
  }
}

async function lookAtDatabase(
  { environment }: Context,
  pods: Pods,
): Promise<{ peer: DatabaseSight; ownWritable: boolean }> {
  const databases = new Databases(pods, environment);
  const fromPod = async () => {
    try {
      const pod = await databases.leader();
      if (typeof pod === "string") return { ownWritable: false, looks: [] };
      const [own, peer] = await Promise.all([databases.own(), databases.peerFromPod(pod)]);
      const ownWritable = own.kind === "state" && !own.state.inRecovery;
      const where = `${environment.DR_PEER_DATABASE_HOST}:${environment.DR_PEER_DATABASE_PORT} from ${pod.metadata.name}`;
      if (peer.kind !== "state") return { ownWritable, looks: [{ kind: peer.kind, why: `${where}: ${peer.why}` }] };
      return peer.state.inRecovery
        ? { ownWritable, looks: [{ kind: "recovery", why: `${where} is in recovery` }] }
        : { ownWritable, looks: [{ kind: "writable", why: `${where} takes writes` }] };
    } catch (error) {
      // This site's own pod may be restarting; what it could have seen is then not known.
      if (error instanceof StepFailure) throw error;
      return { ownWritable: false, looks: [{ kind: "blind", why: textOf(error) }] };
    }
  };
  const [own, runner] = await Promise.all([fromPod(), databases.peerFromRunner()]);
  return { peer: combineDatabaseSights([...own.looks, runner]), ownWritable: own.ownWritable };
}

async function lookAtGateway({ environment }: Context): Promise<GatewaySight> {
  const endpoint = readUrl("DR_PEER_OBJECT_STORE_ENDPOINT", environment.DR_PEER_OBJECT_STORE_ENDPOINT);
  const keys = { accessKey: environment.DR_REALM_ACCESS_KEY, secretKey: environment.DR_REALM_SECRET_KEY };
  const answer = await askGateway(endpoint, environment.DR_REALM, keys, LOOK_MS);
  if (answer.kind !== "period") {
    const says = answer.kind === "dead" ? "gateway without a live cluster" : "gateway";
    return { kind: answer.kind === "unclear" ? "unclear" : "silent", says: `${says}: ${answer.why}` };
  }
  const says = `gateway ${endpoint.host} is live: ${periodText(answer.period)}`;
  return { kind: answer.period.master === environment.DR_PEER_ZONE ? "master" : "follower", says };
}

/** Whether this site's zone is master already; no on first provisioning, when there is no toolbox or realm yet. */
async function ownZoneIsMaster({ environment }: Context, pods: Pods): Promise<boolean> {
  try {
    const toolbox = new Toolbox(pods, environment);
    if ((await toolbox.pod()) === undefined) return false;
    return (await toolbox.period())?.master === environment.DR_ZONE;
  } catch {
    return false;
  }
}

function remedy(site: string, peer: string, sights: Sights): string {
  const demote = `\`pulumi config set activeSite ${site} --stack ${peer} && pulumi up --stack ${peer}\``;
  if (sights.alreadyActive) {
    return `Two sites take writes: stop clients from reaching ${peer}, then make it a standby: ${demote}. What only ${peer} holds must be saved before its database is rebuilt.`;
  }
  return `Planned switchover: demote ${peer} first: ${demote}; then run this again. If ${peer} is to be given up, stop it (power off its nodes or scale its Harbor, database and gateways to 0) so that it cannot answer clients.`;
}

stepMain(import.meta.url, "gate", gate);
