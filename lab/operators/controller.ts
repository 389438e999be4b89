/**
 * The loop that every stand-in operator runs in: watch, queue, reconcile, try again.
 *
 * A controller says which kinds it watches and what to do with one object. The loop keeps a cache of each kind,
 * calls per object never concurrently, coalesces changes that arrive meanwhile, calls everything again at a resync,
 * and repeats with a growing pause what threw. What a controller keeps across a restart must be in the API server:
 * a site that was killed comes back from there.
 */
import { isDeepStrictEqual } from "node:util";
import { type ApiAccess, isNotFound, type Json, type KubeObject, kubeRequest, objectPath } from "../kube/rest.ts";
import type { LabSite } from "../layout.ts";
import type { Supervisor } from "../supervisor.ts";

export type { Json, KubeObject } from "../kube/rest.ts";

export interface SiteContext {
  readonly lab: LabSite;
  /** Admin of the site's own API server. */
  readonly kc: ApiAccess;
  readonly processes: Supervisor;
  /** Field manager of this controller's writes, `lab-<name>`. */
  readonly manager: string;
  log(line: string): void;
}

export interface WatchedKind {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespaced?: boolean;
}

export interface Controller {
  readonly name: string;
  readonly watches: readonly WatchedKind[];
  /**
   * Called with the object on every change, resync and requeue; per object never concurrently. Objects are plain
   * JSON as the server sent them (timestamps are strings). Returns milliseconds until it wants to be called again.
   */
  reconcile(object: KubeObject, context: SiteContext): Promise<number | undefined>;
  /** After the object is gone. What must not be missed while the operator is down needs a finalizer instead. */
  removed?(object: KubeObject, context: SiteContext): Promise<void>;
  /** Called once, before any reconcile. */
  begin?(context: SiteContext): Promise<void>;
}

/** Server-side apply under the controller's own field manager; creates or updates, takes over conflicting fields. */
export async function apply<T extends KubeObject>(context: SiteContext, object: object): Promise<T> {
  const path = await objectPath(context.kc, object as KubeObject);
  const query = `?fieldManager=${encodeURIComponent(context.manager)}&force=true`;
  return await kubeRequest<T>(context.kc, {
    method: "PATCH",
    path: `${path}${query}`,
    body: object,
    contentType: "application/apply-patch+yaml",
  });
}

/** The object as it is now, undefined when there is none. */
export async function read<T extends KubeObject>(
  context: SiteContext,
  header: { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } },
): Promise<T | undefined> {
  try {
    return await kubeRequest<T>(context.kc, { path: await objectPath(context.kc, header) });
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined;
    throw thrown;
  }
}

/** Deletes without a grace period; an object that is gone is no error. */
export async function remove(
  context: SiteContext,
  header: { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } },
): Promise<void> {
  try {
    const path = await objectPath(context.kc, header);
    await kubeRequest(context.kc, { method: "DELETE", path: `${path}?gracePeriodSeconds=0` });
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}

/** JSON merge patch of an object (`subresource` `status` for that), for single fields such as labels and finalizers. */
export async function patch(
  context: SiteContext,
  object: KubeObject,
  change: Json,
  subresource?: "status",
): Promise<void> {
  const path = await objectPath(context.kc, object);
  await kubeRequest(context.kc, {
    method: "PATCH",
    path: `${path}${subresource === undefined ? "" : `/${subresource}`}?fieldManager=${encodeURIComponent(context.manager)}`,
    body: change,
    contentType: "application/merge-patch+json",
  });
}

/**
 * Makes the object's status exactly this, through the status subresource. Nothing is written when it is that already,
 * so a controller that always sets its status does not call itself for ever. An object that is gone is no error.
 */
export async function setStatus(context: SiteContext, object: KubeObject, status: Json): Promise<void> {
  const before = (object.status ?? {}) as Json;
  const wanted = JSON.parse(JSON.stringify(status)) as Json;
  if (isDeepStrictEqual(before, wanted)) return;
  try {
    await patch(context, object, { status: mergeTo(before, wanted) }, "status");
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown;
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The merge patch that turns `before` into `wanted`: what is no longer there becomes null, at every depth. */
export function mergeTo(before: Json, wanted: Json): Json {
  const change: Json = {};
  for (const key of Object.keys(before)) if (!(key in wanted)) change[key] = null;
  for (const [key, value] of Object.entries(wanted)) {
    const old = before[key];
    change[key] = isObject(value) && isObject(old) ? mergeTo(old, value) : value;
  }
  return change;
}

/** Set on a pod, its value becomes `status.podIP` when the stand-in kubelet makes the pod Ready. */
export const POD_ADDRESS = "harbor-dr.lab/pod-ip";

export interface PodDescription {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The loopback address on which the pod's server listens. */
  readonly podIP: string;
  /** Container names. */
  readonly containers: readonly string[];
  /** The pod goes with its owner only if the controller deletes it: there is no garbage collection in the lab. */
  readonly owner?: KubeObject;
  readonly annotations?: Readonly<Record<string, string>>;
}

export const nodeName = (context: SiteContext): string => `${context.lab.site}-node`;

/** A pod for `apply`: bound to the site's node; kwok then makes it Running and Ready with that address. */
export function readyPod(context: SiteContext, pod: PodDescription): KubeObject {
  const { owner } = pod;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      labels: { ...pod.labels },
      annotations: { ...pod.annotations, [POD_ADDRESS]: pod.podIP },
      ...(owner?.metadata?.uid === undefined
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: owner.apiVersion ?? "",
                kind: owner.kind ?? "",
                name: owner.metadata.name ?? "",
                uid: owner.metadata.uid,
              },
            ],
          }),
    },
    spec: {
      nodeName: nodeName(context),
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      containers: pod.containers.map((name) => ({ name, image: `lab.invalid/${name}:stand-in` })),
    },
  };
}

/** Says whether a pod's server answers; Services send nothing to a pod that is not Ready. */
export async function setPodReady(context: SiteContext, pod: KubeObject, ready: boolean): Promise<void> {
  const conditions = ["Ready", "ContainersReady"].map((type) => ({ type, status: ready ? "True" : "False" }));
  const path = await objectPath(context.kc, pod);
  await kubeRequest(context.kc, {
    method: "PATCH",
    path: `${path}/status`,
    body: { status: { conditions } },
    contentType: "application/strategic-merge-patch+json",
  });
}

export const isReady = (pod: KubeObject): boolean => {
  const status = pod.status as { conditions?: { type: string; status: string }[] } | undefined;
  return (status?.conditions ?? []).some((one) => one.type === "Ready" && one.status === "True");
};

/** Makes `kubectl exec` into this pod run on this machine, inside the site's namespace, with this environment. */
export async function setPodExec(
  context: SiteContext,
  namespace: string,
  pod: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await apply(context, {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Exec",
    metadata: { name: pod, namespace },
    spec: { execs: [{ local: { envs: Object.entries(env).map(([name, value]) => ({ name, value })) } }] },
  });
}
