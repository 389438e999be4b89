/** Keeps a cluster's members running as its resource says, and shows what they are in the pods. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Cluster,
  eraseMember,
  eraseScope,
  memberAddress,
  memberFolder,
  memberName,
  processName,
  startMember,
  stopMember,
} from "../../postgres/member.ts";
import {
  isLeader,
  isPrimary,
  type MemberState,
  memberState,
  patchConfig,
  readConfig,
  switchOver,
} from "../../postgres/patroniApi.ts";
import { type ClusterShape, configChange } from "../../postgres/patroniConfig.ts";
import { answers, ensurePeerSlot, ensureRolesAndDatabases } from "../../postgres/sql.ts";
import type { KubeObject, SiteContext } from "../controller.ts";
import { removePod, showPod } from "./objects.ts";
import { type ClusterRecord, writeRecord } from "./record.ts";
import type { PostgresqlSpec } from "./spec.ts";

export interface MemberView {
  readonly cluster: Cluster;
  readonly spec: PostgresqlSpec;
  readonly shape: ClusterShape;
  readonly passwords: ReadonlyMap<string, string>;
  readonly owner: KubeObject;
  readonly record: ClusterRecord;
}

interface Member {
  readonly ordinal: number;
  readonly address: string;
  readonly folder: string;
  readonly state: MemberState | undefined;
  readonly ready: boolean;
}

/** Per resource, the logins and databases that were last brought about: they cost several statements to check. */
const broughtAbout = new Map<string, string>();

async function startAll(context: SiteContext, view: MemberView, count: number): Promise<void> {
  const { cluster, record } = view;
  const passwords = {
    postgres: view.passwords.get("postgres") ?? "",
    standby: view.passwords.get("standby") ?? "",
  };
  if (!record.bootstrapped && !context.processes.running(processName(cluster, 0))) {
    // A first start that was killed half-way leaves a folder that looks like a database and is none.
    if (existsSync(join(memberFolder(context.lab, cluster, 0), "patroni.yml"))) {
      context.log(`${cluster.name}: starting over, the first start did not finish`);
    }
    await eraseMember(context.lab, cluster, 0);
    await eraseScope(cluster);
  }
  for (let ordinal = 0; ordinal < count; ordinal += 1) {
    if (context.processes.running(processName(cluster, ordinal))) continue;
    context.log(`starting ${memberName(cluster, ordinal)}`);
    await startMember(context.lab, context.processes, { cluster, ordinal, passwords, shape: view.shape });
  }
}

async function lookAt(context: SiteContext, cluster: Cluster, count: number): Promise<Member[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, ordinal) => {
      const address = memberAddress(cluster, ordinal);
      const folder = memberFolder(context.lab, cluster, ordinal);
      const [state, ready] = await Promise.all([memberState(address), answers(folder)]);
      return { ordinal, address, folder, state, ready };
    }),
  );
}

/** Brings Patroni's configuration in etcd in line; says whether something was changed. */
async function changeConfig(
  view: MemberView,
  members: readonly Member[],
  say: (line: string) => Promise<void>,
): Promise<boolean> {
  const speaker = members.find((one) => isLeader(one.state)) ?? members.find((one) => one.state !== undefined);
  const current = speaker === undefined ? undefined : await readConfig(speaker.address);
  if (speaker === undefined || current === undefined) return false;
  const change = configChange(current, view.shape);
  if (change === undefined) return false;
  if ("standby_cluster" in change) {
    const { follows } = view.shape;
    await say(
      follows === undefined ? "promoting: no longer follows a peer" : `following ${follows.host}:${follows.port}`,
    );
  } else {
    await say(`changing ${Object.keys(change).join(", ")}`);
  }
  await patchConfig(speaker.address, change);
  return true;
}

async function removeSurplus(context: SiteContext, view: MemberView, members: readonly Member[]): Promise<void> {
  const { cluster, spec, record } = view;
  if (record.instances <= spec.numberOfInstances) return;
  const leader = members.find((one) => isLeader(one.state));
  if (leader === undefined) return;
  if (leader.ordinal >= spec.numberOfInstances) {
    await switchOver(leader.address, memberName(cluster, leader.ordinal), memberName(cluster, 0));
    return;
  }
  for (let ordinal = record.instances - 1; ordinal >= spec.numberOfInstances; ordinal -= 1) {
    context.log(`removing ${memberName(cluster, ordinal)}`);
    await removePod(context, cluster, ordinal);
    await stopMember(context.processes, cluster, ordinal);
    await eraseMember(context.lab, cluster, ordinal);
  }
  await writeRecord(context.lab, cluster, { ...record, instances: spec.numberOfInstances });
}

async function furnish(context: SiteContext, view: MemberView, primary: Member): Promise<void> {
  const { spec, cluster } = view;
  if (view.shape.replicated) await ensurePeerSlot(primary.folder);
  const logins = Object.entries(spec.users ?? {}).map(([user, flags]) => ({
    user,
    flags,
    password: view.passwords.get(user) ?? "",
  }));
  const system = [
    { user: "postgres", flags: ["superuser"], password: view.passwords.get("postgres") ?? "" },
    { user: "standby", flags: ["replication"], password: view.passwords.get("standby") ?? "" },
  ];
  const wanted = JSON.stringify([view.record.uid, logins, system, spec.databases]);
  if (broughtAbout.get(view.record.uid) === wanted) return;
  const made = await ensureRolesAndDatabases(primary.folder, [...system, ...logins], spec.databases ?? {});
  if (made.length > 0) context.log(`${cluster.name}: made ${made.join(", ")}`);
  broughtAbout.set(view.record.uid, wanted);
}

/** One round; true when everything is as the resource says. `say` is told of a change before it is made. */
export async function runMembers(
  context: SiteContext,
  view: MemberView,
  say: (line: string) => Promise<void>,
): Promise<boolean> {
  const { cluster, spec, shape } = view;
  let { record } = view;
  const save = async (change: Partial<ClusterRecord>): Promise<void> => {
    record = { ...record, ...change };
    await writeRecord(context.lab, cluster, record);
  };
  const existing = record.bootstrapped ? record.instances : 1;
  await startAll(context, view, existing);
  const members = await lookAt(context, cluster, existing);
  const leader = members.find((one) => isLeader(one.state));
  if (!record.bootstrapped && leader?.ready === true) await save({ bootstrapped: true });
  const changed = record.bootstrapped && (await changeConfig(view, members, say));
  for (const member of members) {
    const role = member.state === undefined ? undefined : isLeader(member.state) ? "master" : "replica";
    const { ordinal, ready } = member;
    await showPod(context, view.owner, { cluster, ordinal, team: spec.teamId, version: shape.version, ready, role });
  }
  if (changed || leader?.ready !== true || !record.bootstrapped) return false;
  const primary = isPrimary(leader.state);
  if (primary !== (shape.follows === undefined)) return false;
  if (primary) {
    await furnish(context, view, leader);
    if (record.replicated !== shape.replicated) await save({ replicated: shape.replicated });
  }
  if (record.instances < spec.numberOfInstances) {
    await say(`from ${record.instances} to ${spec.numberOfInstances} members`);
    await save({ instances: spec.numberOfInstances });
    return false;
  }
  await removeSurplus(context, { ...view, record }, members);
  return record.instances === spec.numberOfInstances && members.every((one) => one.ready);
}
