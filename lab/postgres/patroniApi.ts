/** Patroni's REST interface, which only answers inside the site's network namespace. */
import { type DynamicConfig, PATRONI_PORT } from "./patroniConfig.ts";

const ANSWER_MS = 5000;

export interface MemberState {
  /** `starting`, `running`, … */
  readonly state: string;
  /** `master`, `standby_leader` or `replica`: what the member is told to be, not what it has proved. */
  readonly role: string;
  readonly timeline?: number;
  readonly database_system_identifier?: string;
}

async function ask(address: string, path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`http://${address}:${PATRONI_PORT}${path}`, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
}

/** Undefined while Patroni itself does not answer. The status code says "leader or not" and is of no use here. */
export async function memberState(address: string): Promise<MemberState | undefined> {
  try {
    return (await (await ask(address, "/patroni")).json()) as MemberState;
  } catch {
    return undefined;
  }
}

export const isLeader = (member: MemberState | undefined): boolean =>
  member !== undefined && ["master", "primary", "standby_leader"].includes(member.role);

/** Patroni 3 says `master`, Patroni 4 `primary`. */
export const isPrimary = (member: MemberState | undefined): boolean =>
  member !== undefined && ["master", "primary"].includes(member.role);

/** The cluster's shared configuration; undefined while it has none, that is, before the first member is bootstrapped. */
export async function readConfig(address: string): Promise<DynamicConfig | undefined> {
  const answer = await ask(address, "/config");
  if (answer.status === 404 || answer.status === 502 || answer.status === 503) return undefined;
  if (!answer.ok) throw new Error(`Patroni on ${address} answered ${answer.status} to GET /config`);
  return (await answer.json()) as DynamicConfig;
}

export async function patchConfig(address: string, change: DynamicConfig): Promise<void> {
  const answer = await ask(address, "/config", { method: "PATCH", body: JSON.stringify(change) });
  if (!answer.ok) {
    throw new Error(
      `Patroni on ${address} refused a change of its configuration: ${answer.status} ${await answer.text()}`,
    );
  }
}

/** Hands the leader's part to another member. Patroni answers when it is done. */
export async function switchOver(address: string, leader: string, candidate: string): Promise<void> {
  const answer = await fetch(`http://${address}:${PATRONI_PORT}/switchover`, {
    method: "POST",
    body: JSON.stringify({ leader, candidate }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!answer.ok) throw new Error(`switchover from ${leader} to ${candidate}: ${answer.status} ${await answer.text()}`);
}
