/**
 * Pods of Harbor's parts as API objects. A pod is bound to the node only once its server answers, because the
 * stand-in for a kubelet makes every bound pod Ready; before that it is Pending and says why.
 */
import { isDeepStrictEqual } from "node:util";
import { collectionPath, type Json, type KubeObject, kubeRequest, objectPath } from "../../kube/rest.ts";
import { apply, isReady, nodeName, readyPod, type SiteContext } from "../controller.ts";
import { type Part, partLabels, podAddress, podName, releaseLabels, SHAPES } from "./parts.ts";
import type { PodState } from "./servers.ts";

export async function podsOf(context: SiteContext, namespace: string, release: string): Promise<KubeObject[]> {
  const selector = Object.entries(releaseLabels(release)).map(([key, value]) => `${key}=${value}`);
  const path = `${collectionPath("v1", "pods", namespace)}?labelSelector=${encodeURIComponent(selector.join(","))}`;
  const { items } = await kubeRequest<{ items: KubeObject[] }>(context.kc, { path });
  return items.map((item) => ({ ...item, apiVersion: "v1", kind: "Pod" }));
}

export interface PodOf {
  readonly release: string;
  readonly namespace: string;
  readonly part: Part;
  readonly index: number;
  readonly owner: KubeObject;
}

async function create(context: SiteContext, pod: PodOf): Promise<KubeObject> {
  const ready = readyPod(context, {
    namespace: pod.namespace,
    name: podName(pod.release, pod.part, pod.index),
    labels: partLabels(pod.release, pod.part),
    podIP: podAddress(pod.part, pod.index),
    containers: SHAPES[pod.part].containers,
    owner: pod.owner,
  });
  const { nodeName: _, ...spec } = ready.spec as Json;
  return await apply(context, { ...ready, spec });
}

async function bind(context: SiteContext, pod: KubeObject): Promise<void> {
  const { name, namespace } = pod.metadata ?? {};
  await kubeRequest(context.kc, {
    method: "POST",
    path: `${await objectPath(context.kc, pod)}/binding`,
    body: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace },
      target: { apiVersion: "v1", kind: "Node", name: nodeName(context) },
    },
  });
}

interface PodStatus {
  readonly podIP?: string;
  readonly containerStatuses?: readonly Json[];
}

/** Writes conditions and containers as a kubelet would; nothing when they say so already. */
async function tell(context: SiteContext, pod: KubeObject, part: Part, state: PodState): Promise<void> {
  const before = (pod.status as PodStatus | undefined)?.containerStatuses ?? [];
  const containerStatuses = SHAPES[part].containers.map((name) => ({
    name,
    image: `lab.invalid/${name}:stand-in`,
    imageID: "",
    ready: state.ready,
    restartCount: state.restarts,
    state: state.ready ? { running: {} } : { waiting: { reason: state.reason, message: state.message } },
  }));
  const shown = before.map(({ name, ready, restartCount, state: was }) => ({
    name,
    ready,
    restartCount,
    waiting: (was as { waiting?: Json } | undefined)?.waiting,
  }));
  const wanted = containerStatuses.map(({ name, ready, restartCount, state: is }) => ({
    name,
    ready,
    restartCount,
    waiting: is.waiting,
  }));
  if (isDeepStrictEqual(shown, wanted) && isReady(pod) === state.ready) return;
  const conditions = ["Ready", "ContainersReady"].map((type) => ({ type, status: state.ready ? "True" : "False" }));
  await kubeRequest(context.kc, {
    method: "PATCH",
    path: `${await objectPath(context.kc, pod)}/status`,
    body: { status: { conditions, containerStatuses } },
    contentType: "application/strategic-merge-patch+json",
  });
}

/** Makes the pod be there and say how its server is. True when API server and server agree that it is Ready. */
export async function showPod(
  context: SiteContext,
  pod: PodOf,
  found: KubeObject | undefined,
  state: PodState,
): Promise<boolean> {
  const object = found ?? (await create(context, pod));
  const bound = (object.spec as { nodeName?: string }).nodeName !== undefined;
  if (!bound) {
    if (state.ready) await bind(context, object);
    else await tell(context, object, pod.part, state);
    return false;
  }
  // Without an address the stand-in kubelet has not come by yet, and would overwrite what is said here.
  if ((object.status as PodStatus | undefined)?.podIP === undefined) return false;
  await tell(context, object, pod.part, state);
  return state.ready && isReady(object);
}
