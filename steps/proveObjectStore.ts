/**
 * Makes this site's zone what its role says, and proves it. Active: the zone is master in the committed
 * period, and this site's gateway answers with that period. Standby: the period is the other site's, and
 * metadata and data have caught up, with shards to show for it. Each act asks first whether it is done,
 * so that a run that was killed between `zone modify` and the commit is finished by the next one.
 */
import { isReady, podState } from "./cluster.ts";
import { type Place, readPlace, readUrl } from "./environment.ts";
import { askGateway, type GatewayAnswer, Toolbox } from "./objectStore.ts";
import { type Evidence, StepFailure } from "./outcome.ts";
import { type Period, periodText, standbyCourse } from "./period.ts";
import { connect } from "./pods.ts";
import { type Act, runProcedure } from "./procedure.ts";
import { read } from "./shape.ts";
import { type StepContext, stepMain } from "./step.ts";
import { type SyncStatus, syncLag, syncText } from "./syncStatus.ts";

type Context = StepContext<"proveObjectStore">;

/** Limit of one question to a gateway: two attempts of TCP to connect, the second with a second for its answer. */
const GATEWAY_MS = 2000;

/** Proves the object store in the role that the environment names. */
export async function proveObjectStore(context: Context): Promise<Evidence> {
  const store = await Store.open(context);
  return store.place.role === "active" ? proveMaster(store) : proveFollower(store);
}

/** This site's store, the other's gateway, and the looks at both. */
class Store {
  readonly context: Context;
  readonly place: Place;
  readonly toolbox: Toolbox;
  readonly #connection: Awaited<ReturnType<typeof connect>>;

  constructor(context: Context, connection: Awaited<ReturnType<typeof connect>>) {
    this.context = context;
    this.place = readPlace(context.environment);
    this.toolbox = new Toolbox(connection.pods, context.environment);
    this.#connection = connection;
  }

  static async open(context: Context): Promise<Store> {
    return new Store(context, await connect(context.environment));
  }

  get keys() {
    const { DR_REALM_ACCESS_KEY: accessKey, DR_REALM_SECRET_KEY: secretKey } = this.context.environment;
    return { accessKey, secretKey };
  }

  get peerEndpoint(): URL {
    return readUrl("DR_PEER_OBJECT_STORE_ENDPOINT", this.context.environment.DR_PEER_OBJECT_STORE_ENDPOINT);
  }

  /** The operator has made the store, and a gateway serves it. */
  async isUp(): Promise<boolean> {
    const { environment, progress } = this.context;
    const { DR_OBJECT_STORE_NAMESPACE: namespace, DR_STORE: name } = environment;
    const { api, pods } = this.#connection;
    const [resource, gateways, toolbox] = await Promise.all([
      api.get(`/apis/ceph.rook.io/v1/namespaces/${namespace}/cephobjectstores/${name}`),
      pods.list(namespace, { app: "rook-ceph-rgw", rook_object_store: name }),
      this.toolbox.pod(),
    ]);
    const phase =
      resource === undefined ? "does not exist" : (read.text(resource, "status", "phase") ?? "no phase yet");
    progress.saw(
      "store",
      `${name} ${phase}; gateways ${gateways.map(podState).join(", ") || "none"}; toolbox ${toolbox ? "ready" : "not ready"}`,
    );
    return (phase === "Ready" || phase === "Connected") && gateways.some(isReady) && toolbox !== undefined;
  }

  async ownPeriod(): Promise<Period | undefined> {
    const period = await this.toolbox.period();
    this.context.progress.saw("own period", period ? periodText(period) : "no realm yet");
    return period;
  }

  async ownGateway(): Promise<GatewayAnswer> {
    const { DR_OBJECT_STORE_ENDPOINT, DR_REALM } = this.context.environment;
    const endpoint = readUrl("DR_OBJECT_STORE_ENDPOINT", DR_OBJECT_STORE_ENDPOINT);
    return this.#gateway("own gateway", await askGateway(endpoint, DR_REALM, this.keys, GATEWAY_MS));
  }

  async peerGateway(): Promise<GatewayAnswer> {
    const answer = await askGateway(this.peerEndpoint, this.context.environment.DR_REALM, this.keys, GATEWAY_MS);
    return this.#gateway(`${this.place.peer}'s gateway`, answer);
  }

  async sync(): Promise<SyncStatus> {
    const status = await this.toolbox.syncStatus();
    const { DR_PEER_ZONE: source } = this.context.environment;
    this.context.progress.saw("sync", syncLag(status, source) ?? syncText(status, source));
    return status;
  }

  #gateway(subject: string, answer: GatewayAnswer): GatewayAnswer {
    this.context.progress.saw(
      subject,
      answer.kind === "period" ? periodText(answer.period) : `${answer.kind}: ${answer.why}`,
    );
    return answer;
  }
}

async function proveMaster(store: Store): Promise<Evidence> {
  const { environment, deadline, progress } = store.context;
  const { DR_ZONE: zone, DR_PEER_ZONE: peerZone, DR_ZONE_GROUP: zoneGroup } = environment;
  const { site, peer } = store.place;
  let behind: string | undefined;
  // A dead site takes seconds to not answer, so it is asked while this one is looked at.
  let asked: Promise<GatewayAnswer> | undefined = store.peerGateway();
  asked.catch(() => undefined);
  let period: Period | undefined;
  const isMaster = async () => {
    if (period?.master !== zone) period = await store.ownPeriod();
    return period?.master === zone;
  };
  const acts: Act[] = [
    upAct(store),
    {
      name: `all that a live ${peer} holds has arrived`,
      done: async () => {
        if (await isMaster()) return true;
        const answer = await (asked ?? store.peerGateway());
        asked = undefined;
        if (answer.kind === "silent" || answer.kind === "dead") {
          behind = `${peer}'s gateway was gone, so what it had not sent yet is not here`;
          return true;
        }
        return syncLag(await store.sync(), peerZone) === undefined;
      },
      timeout: deadline.seconds,
      remedy: `${peer}'s object store is alive and has objects that ${site} lacks: promoting now would lose them. Wait until sync has caught up and run this again; if ${peer} is to be given up, stop its gateways first.`,
    },
    {
      name: `${zone} is master in the committed period`,
      done: isMaster,
      act: () => store.toolbox.promote(zoneGroup, zone),
      attempts: 5,
      timeout: 60,
      remedy: `In the toolbox of ${site}: \`radosgw-admin period get\`, \`radosgw-admin zonegroup get\`; then run this again, it continues.`,
    },
    {
      name: `${site}'s gateway answers with that period`,
      done: async () => {
        const answer = await store.ownGateway();
        return answer.kind === "period" && answer.period.master === zone;
      },
      timeout: 60,
      remedy: `Look at the gateway's pods (app=rook-ceph-rgw) and at the Service behind ${environment.DR_OBJECT_STORE_ENDPOINT}.`,
    },
  ];
  await runProcedure(acts, deadline, progress);
  return {
    proved: `${zone} is master in the committed period, and its gateway answers with it${behind ? ` (${behind})` : ""}`,
    seen: { master: zone, period: period?.id, realmEpoch: period?.realmEpoch, epoch: period?.epoch },
  };
}

async function proveFollower(store: Store): Promise<Evidence> {
  const { environment, deadline, progress } = store.context;
  const { DR_ZONE: zone, DR_PEER_ZONE: peerZone, DR_ZONE_GROUP: zoneGroup } = environment;
  const { site, peer } = store.place;
  let waitsForPeer = false;
  let last: SyncStatus | undefined;
  let period: Period | undefined;
  const course = async () => {
    const [own, answer] = await Promise.all([store.ownPeriod(), store.peerGateway()]);
    period = own;
    const found = standbyCourse(own, answer.kind === "period" ? answer.period : undefined, { zone, peerZone });
    if (found.kind === "impossible") {
      throw new StepFailure(
        found.why,
        `Decide which site serves; make that one active (\`pulumi up\` on it), then \`pulumi up --stack ${site}\` again.`,
      );
    }
    if ("why" in found) progress.saw("course", found.why);
    return found.kind;
  };
  const acts: Act[] = [
    upAct(store),
    {
      name: `${site} has the period of ${peer}`,
      done: async () => {
        const kind = await course();
        waitsForPeer = kind === "notPromotedYet";
        return kind === "following" || waitsForPeer;
      },
      act: async () => {
        if ((await course()) === "pull") await store.toolbox.rejoin(store.peerEndpoint, store.keys, zoneGroup, zone);
      },
      attempts: 5,
      timeout: deadline.seconds,
      remedy: `${peer}'s gateway ${store.peerEndpoint.origin} must answer this site: a standby that cannot reach it is no standby. Look at it, at the network between the sites, and at \`kubectl -n ${environment.DR_OBJECT_STORE_NAMESPACE} get cephobjectrealm,cephobjectzone,cephobjectstore\`; then run this again.`,
    },
    {
      name: "metadata and data have caught up",
      done: async () => {
        if (waitsForPeer) return true;
        last = await store.sync();
        return syncLag(last, peerZone) === undefined;
      },
      timeout: deadline.seconds,
      remedy: `In the toolbox of ${site}: \`radosgw-admin sync status\`, \`radosgw-admin sync error list\`. Both sites' gateways must reach each other. Then run this again.`,
    },
  ];
  await runProcedure(acts, deadline, progress);
  const seen = { master: period?.master, period: period?.id, realmEpoch: period?.realmEpoch };
  if (waitsForPeer) {
    return { proved: `${zone} stays master in the period until ${peer} promotes ${peerZone}`, seen };
  }
  return {
    proved: `follows ${peerZone}: ${last ? syncText(last, peerZone) : "caught up"}`,
    seen: { ...seen, metadataShards: last?.metadata.shards.all, dataShards: last?.data.get(peerZone)?.shards.all },
  };
}

function upAct(store: Store): Act {
  const { environment, deadline } = store.context;
  const namespace = environment.DR_OBJECT_STORE_NAMESPACE;
  return {
    name: `the store of ${store.place.site} is up`,
    done: () => store.isUp(),
    timeout: deadline.seconds,
    remedy: `Look at \`kubectl -n ${namespace} get cephobjectstore,pods\` and at Rook's log; the toolbox (label app=rook-ceph-tools) must run there too. Then run this again.`,
  };
}

stepMain(import.meta.url, "proveObjectStore", proveObjectStore);
