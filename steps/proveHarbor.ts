/**
 * Proves that Harbor serves on the active site, and that it is gone from the standby: every part that
 * should run has a ready pod and Harbor's own health says so; or no pod of the release is left, those
 * that are still ending included, and nothing answers as Harbor.
 */
import { isReady, type Pod, podState } from "./cluster.ts";
import { waitFor } from "./deadline.ts";
import { readList, readPlace } from "./environment.ts";
import { harborSight } from "./gateVerdict.ts";
import { Harbor } from "./harborClient.ts";
import type { Evidence } from "./outcome.ts";
import { connect } from "./pods.ts";
import { jsonOf, NoAnswer } from "./request.ts";
import { type StepContext, stepMain } from "./step.ts";

type Context = StepContext<"proveHarbor">;

/** Parts that have no ready pod. */
export function partsWithoutPod(parts: readonly string[], pods: readonly Pod[]): string[] {
  return parts.filter((part) => !pods.some((pod) => pod.metadata.labels?.component === part && isReady(pod)));
}

/** Proves Harbor in the role that the environment names. */
export async function proveHarbor(context: Context): Promise<Evidence> {
  const { environment, deadline, progress } = context;
  const { DR_NAMESPACE: namespace, DR_HARBOR: release, DR_HARBOR_ADDRESS: address } = environment;
  const place = readPlace(environment);
  const harbor = new Harbor(environment);
  const { pods } = await connect(environment);
  const look = `\`kubectl -n ${namespace} get harbor,pods -l release=${release}\` and the Harbor operator's log`;
  const releasePods = async () => {
    const found = await pods.list(namespace, { release });
    progress.saw("pods", found.map(podState).sort().join(", ") || `none with label release=${release}`);
    return found;
  };

  if (place.role === "standby") {
    return waitFor(
      `Harbor gone from ${place.site}`,
      deadline,
      progress,
      async () => {
        const left = await releasePods();
        const answers = await stillAnswers(harbor, address);
        progress.saw("health", answers ?? `nothing answers at ${address}`);
        if (left.length > 0 || answers !== undefined) return undefined;
        return {
          proved: `no pod of release ${release} is left, and nothing answers as Harbor at ${address}`,
          seen: { pods: 0 },
        };
      },
      {
        everyMs: 500,
        remedy: `Look at ${look}: every part must be at 0 replicas; what still answers at ${address} must be stopped.`,
      },
    );
  }

  const parts = readList(environment.DR_PARTS);
  return waitFor(
    `Harbor healthy on ${place.site}`,
    deadline,
    progress,
    async () => {
      const missing = partsWithoutPod(parts, await releasePods());
      if (missing.length > 0) return progress.saw("parts", `no ready pod of ${missing.join(", ")}`);
      const health = await harbor.health();
      if (health.status === undefined) return progress.saw("health", `${address}: ${health.why}`);
      progress.saw("health", `${address}: ${[health.status, ...health.unhealthy].join("; ")}`);
      if (health.status !== "healthy") return undefined;
      return {
        proved: `all of ${parts.join(", ")} have ready pods, and Harbor at ${address} says healthy`,
        seen: { parts },
      };
    },
    {
      everyMs: 500,
      remedy: `Look at ${look}, at core's log first: it does not start on a read-only database. Then \`pulumi up --stack ${place.site}\` again.`,
    },
  );
}

/** How Harbor still answers at the address; undefined when it does not. A proxy's own page is not Harbor. */
async function stillAnswers(harbor: Harbor, address: string): Promise<string | undefined> {
  try {
    const answer = await harbor.send("/api/v2.0/health", { timeoutMs: 3000 });
    const sight = harborSight(address, answer.status, jsonOf(answer));
    return sight.kind === "answers" ? sight.says : undefined;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return undefined;
  }
}

stepMain(import.meta.url, "proveHarbor", proveHarbor);
