/** The Kubernetes objects of one PostgreSQL cluster: Services, and a pod per member. */

import { postgresPrograms } from "../../postgres/installed.ts";
import { type Cluster, memberAddress, memberFolder, memberName } from "../../postgres/member.ts";
import { POSTGRES_PORT } from "../../postgres/patroniConfig.ts";
import {
  apply,
  isReady,
  type KubeObject,
  patch,
  read,
  readyPod,
  remove,
  type SiteContext,
  setPodExec,
  setPodReady,
} from "../controller.ts";

export type SpiloRole = "master" | "replica";

/** Labels of everything that belongs to the cluster. */
export const labelsOf = (cluster: Cluster, team: string): Record<string, string> => ({
  application: "spilo",
  "cluster-name": cluster.name,
  team,
});

const podHeader = (cluster: Cluster, ordinal: number) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: memberName(cluster, ordinal), namespace: cluster.namespace },
});

/** `<cluster>` for the leader, `<cluster>-repl` for the others; the second has no endpoint while there is one member. */
export async function ensureServices(context: SiteContext, cluster: Cluster, team: string): Promise<void> {
  const services: readonly [string, SpiloRole][] = [
    [cluster.name, "master"],
    [`${cluster.name}-repl`, "replica"],
  ];
  for (const [name, role] of services) {
    const labels = { ...labelsOf(cluster, team), "spilo-role": role };
    await apply(context, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: cluster.namespace, labels },
      spec: {
        type: "ClusterIP",
        selector: { application: "spilo", "cluster-name": cluster.name, "spilo-role": role },
        ports: [{ name: "postgresql", port: POSTGRES_PORT, targetPort: POSTGRES_PORT, protocol: "TCP" }],
      },
    });
  }
}

export async function removeServices(context: SiteContext, cluster: Cluster): Promise<void> {
  for (const name of [cluster.name, `${cluster.name}-repl`]) {
    await remove(context, { apiVersion: "v1", kind: "Service", metadata: { name, namespace: cluster.namespace } });
  }
}

/**
 * Makes the member's pod, and keeps its readiness and role label true. The role label comes last and only from a
 * server that answers, so that no Service ever sends a client to a member that was never up.
 */
export async function showPod(
  context: SiteContext,
  owner: KubeObject,
  pod: {
    cluster: Cluster;
    ordinal: number;
    team: string;
    version: string;
    ready: boolean;
    role: SpiloRole | undefined;
  },
): Promise<void> {
  const { cluster, ordinal } = pod;
  const header = podHeader(cluster, ordinal);
  const existing = await read<KubeObject>(context, header);
  if (existing === undefined) {
    const folder = memberFolder(context.lab, cluster, ordinal);
    await setPodExec(context, cluster.namespace, memberName(cluster, ordinal), {
      PATH: `${postgresPrograms(pod.version)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: folder,
      PGHOST: folder,
      PGPORT: String(POSTGRES_PORT),
      PGDATA: `${folder}/data`,
    });
    await apply(
      context,
      readyPod(context, {
        namespace: cluster.namespace,
        name: memberName(cluster, ordinal),
        labels: labelsOf(cluster, pod.team),
        podIP: memberAddress(cluster, ordinal),
        containers: ["postgres"],
        owner,
      }),
    );
    return;
  }
  const running = (existing.status as { phase?: string } | undefined)?.phase === "Running";
  if (running && isReady(existing) !== pod.ready) await setPodReady(context, existing, pod.ready);
  if (pod.ready && pod.role !== undefined && existing.metadata?.labels?.["spilo-role"] !== pod.role) {
    await patch(context, { ...header }, { metadata: { labels: { "spilo-role": pod.role } } });
    context.log(`${memberName(cluster, ordinal)} is spilo-role=${pod.role}`);
  }
}

export async function removePod(context: SiteContext, cluster: Cluster, ordinal: number): Promise<void> {
  const { metadata } = podHeader(cluster, ordinal);
  await remove(context, { apiVersion: "kwok.x-k8s.io/v1alpha1", kind: "Exec", metadata });
  await remove(context, podHeader(cluster, ordinal));
}
