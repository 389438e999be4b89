/**
 * One radosgw process, for one zone, on one pod's own loopback address.
 *
 * Which zone it serves is in its arguments; which zone is master it reads from its cluster's period. So a gateway
 * that comes back after its site was dark believes what it believed before.
 */
import type { LabSite } from "../layout.ts";
import type { Supervisor } from "../supervisor.ts";
import { cephPlace, GATEWAY_CLIENT } from "./settings.ts";

export interface Gateway {
  /** Name of its pod, and of its process. */
  readonly name: string;
  readonly address: string;
  readonly ports: readonly number[];
  /** `--rgw-realm=…`, `--rgw-zonegroup=…`, `--rgw-zone=…`. */
  readonly arguments: readonly string[];
}

const ANSWER_MS = 3000;

export async function startGateway(site: LabSite, processes: Supervisor, gateway: Gateway): Promise<void> {
  const endpoints = gateway.ports.map((port) => `endpoint=${gateway.address}:${port}`).join(" ");
  const frontends = `--rgw-frontends=beast ${endpoints}`;
  const argv = ["radosgw", "-f", "-n", GATEWAY_CLIENT, ...gateway.arguments, frontends];
  await processes.start(gateway.name, argv, { env: { CEPH_CONF: cephPlace(site).conf } });
}

/** Whether it answers HTTP at all; its cluster may be gone all the same. */
export async function gatewayAnswers(gateway: Gateway): Promise<boolean> {
  try {
    const answer = await fetch(`http://${gateway.address}:${gateway.ports[0] ?? 0}/`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
