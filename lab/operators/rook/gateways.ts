/**
 * What a cluster's own controllers and nodes do with Rook's Deployments: gateways run as long as theirs exists.
 *
 * Kept apart from the operator's reconciling on purpose. A site that was killed brings its gateways back from these
 * Deployments, with the period that its cluster holds: an old master still believes that it is the master.
 */
import { createHash } from "node:crypto";
import { type Gateway, gatewayAnswers, startGateway } from "../../ceph/gateway.ts";
import { cephPlace } from "../../ceph/settings.ts";
import type { KubeObject } from "../../kube/rest.ts";
import { waitFor } from "../../wait.ts";
import { apply, type Controller, readyPod, remove, type SiteContext, setPodExec, setStatus } from "../controller.ts";
import { nameOf, namespaceOf, specOf } from "./reconcile.ts";

export const TOOLBOX = "rook-ceph-tools";
const GATEWAY = "rook-ceph-rgw";
const ROOK_NAMESPACE = "rook-ceph";
const TOOLBOX_ADDRESS = "127.1.192.1";
/** How often a gateway is looked at; a dead one is started again. */
const WATCH_MS = 1000;

interface DeploymentSpec {
  readonly replicas?: number;
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: {
      readonly containers: readonly {
        readonly name: string;
        readonly args?: readonly string[];
        readonly ports?: readonly { readonly containerPort: number }[];
      }[];
    };
  };
}

function deployment(
  namespace: string,
  name: string,
  labels: Readonly<Record<string, string>>,
  replicas: number,
  container: object,
): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ image: "lab.invalid/ceph:stand-in", ...container }] },
      },
    },
  };
}

export const gatewayHeader = (namespace: string, store: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: `${GATEWAY}-${store}-a`, namespace },
});

export function gatewayDeployment(
  namespace: string,
  store: string,
  instances: number,
  args: readonly string[],
  ports: readonly number[],
): KubeObject {
  const labels = {
    app: GATEWAY,
    ceph_daemon_id: store,
    rgw: store,
    rook_cluster: namespace,
    rook_object_store: store,
  };
  const containerPorts = ports.map((containerPort, index) => ({
    name: index === 0 ? "http" : `http-${index}`,
    containerPort,
  }));
  return deployment(namespace, `${GATEWAY}-${store}-a`, labels, instances, {
    name: "rgw",
    args,
    ports: containerPorts,
  });
}

/** 127.1.128.0 to 127.1.191.255 is for gateways: third part by Deployment, fourth by pod. */
function gatewayAddress(object: KubeObject, index: number): string {
  const hash = createHash("sha256")
    .update(`${namespaceOf(object)}/${nameOf(object)}`)
    .digest();
  return `127.1.${128 + ((hash[0] ?? 0) % 64)}.${10 + index}`;
}

const podName = (object: KubeObject, index: number): string => `${nameOf(object)}-${index}`;
const podHeader = (namespace: string, name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace },
});

/** A Deployment's gateways, running or not. */
export function gatewaysOf(object: KubeObject): Gateway[] {
  const spec = specOf<DeploymentSpec>(object);
  const container = spec.template.spec.containers[0];
  return Array.from({ length: spec.replicas ?? 1 }, (_, index) => ({
    name: podName(object, index),
    address: gatewayAddress(object, index),
    ports: (container?.ports ?? []).map((port) => port.containerPort),
    arguments: container?.args ?? [],
  }));
}

async function stopGateways(object: KubeObject, context: SiteContext, from: number): Promise<void> {
  const prefix = `${nameOf(object)}-`;
  const surplus = context.processes
    .names()
    .filter((name) => name.startsWith(prefix) && Number(name.slice(prefix.length)) >= from);
  for (const name of surplus) {
    await remove(context, podHeader(namespaceOf(object), name));
    await context.processes.stop(name);
  }
}

/** Gateways known to run behind a Ready pod, by the pod's namespace and name. */
const serving = new Set<string>();

async function runGateway(object: KubeObject, context: SiteContext, gateway: Gateway): Promise<void> {
  const namespace = namespaceOf(object);
  const id = `${namespace}/${gateway.name}`;
  const runs = context.processes.record(gateway.name)?.argv ?? [];
  const changed = !gateway.arguments.every((argument) => runs.includes(argument));
  const running = context.processes.running(gateway.name);
  if (running && !changed && serving.has(id)) return;
  if (!running || changed) {
    serving.delete(id);
    // A pod that is Ready without a server behind it would be sent requests.
    await remove(context, podHeader(namespace, gateway.name));
    if (changed) await context.processes.stop(gateway.name);
    await startGateway(context.lab, context.processes, gateway);
    const answers = async (): Promise<true | undefined> => {
      if (context.processes.running(gateway.name)) return (await gatewayAnswers(gateway)) || undefined;
      throw new Error(`it ended; see ${context.processes.logOf(gateway.name)}`);
    };
    await waitFor(`gateway ${gateway.name}`, answers, { seconds: 60, everyMs: 50 });
  }
  const { labels } = specOf<DeploymentSpec>(object).template.metadata;
  const description = { namespace, name: gateway.name, labels, podIP: gateway.address, containers: ["rgw"] };
  await apply(context, readyPod(context, { ...description, owner: object }));
  serving.add(id);
}

async function runToolbox(object: KubeObject, context: SiteContext): Promise<void> {
  const [namespace, name] = [namespaceOf(object), podName(object, 0)];
  await setPodExec(context, namespace, name, {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/tmp",
    LC_ALL: "C.UTF-8",
    CEPH_CONF: cephPlace(context.lab).conf,
  });
  const { labels } = specOf<DeploymentSpec>(object).template.metadata;
  const description = { namespace, name, labels, podIP: TOOLBOX_ADDRESS, containers: [TOOLBOX] };
  await apply(context, readyPod(context, { ...description, owner: object }));
}

async function reportReady(object: KubeObject, context: SiteContext, replicas: number): Promise<void> {
  await setStatus(
    context,
    { ...object, status: {} },
    {
      observedGeneration: object.metadata?.generation ?? 0,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
      conditions: [{ type: "Available", status: "True", reason: "MinimumReplicasAvailable" }],
    },
  );
}

const appOf = (object: KubeObject): string => object.metadata?.labels?.app ?? "";

export const gatewayController: Controller = {
  name: "rook-deployments",
  watches: [
    { apiVersion: "apps/v1", plural: "deployments", namespaced: true },
    { apiVersion: "v1", plural: "pods", namespaced: true },
  ],
  async begin(context) {
    const container = { name: TOOLBOX };
    await apply(context, deployment(ROOK_NAMESPACE, TOOLBOX, { app: TOOLBOX }, 1, container));
  },
  async reconcile(object, context) {
    if (object.kind !== "Deployment") return undefined;
    if (appOf(object) === TOOLBOX) {
      await runToolbox(object, context);
      await reportReady(object, context, 1);
      return undefined;
    }
    if (appOf(object) !== GATEWAY) return undefined;
    const gateways = gatewaysOf(object);
    await stopGateways(object, context, gateways.length);
    for (const gateway of gateways) await runGateway(object, context, gateway);
    await reportReady(object, context, gateways.length);
    return WATCH_MS;
  },
  async removed(object, context) {
    if (object.kind === "Pod") {
      // Deleting a gateway's pod ends the gateway; its Deployment starts it anew, with the period of that moment.
      if (serving.delete(`${namespaceOf(object)}/${nameOf(object)}`))
        await context.processes.stop(nameOf(object), "SIGKILL");
    } else if (appOf(object) === GATEWAY) await stopGateways(object, context, 0);
    else if (appOf(object) === TOOLBOX) await remove(context, podHeader(namespaceOf(object), podName(object, 0)));
  },
};
