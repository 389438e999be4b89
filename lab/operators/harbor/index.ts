/**
 * A stand-in for the Harbor operator: turns a Harbor resource into Services, pods and the servers behind them.
 *
 * It scales parts up and down as the replica counts say, starts crashed servers again, and reports in `status` which
 * part lacks what. A site has one Harbor: its pods have fixed addresses.
 */
import { bundleCore } from "../../harbor/bundle.ts";
import {
  apply,
  type Controller,
  type Json,
  type KubeObject,
  patch,
  remove,
  type SiteContext,
  setStatus,
} from "../controller.ts";
import { PARTS, type Part, podAddress, podName, wantedReplicas } from "./parts.ts";
import { podsOf, showPod } from "./pods.ts";
import { Secrets } from "./secrets.ts";
import { coreProgram, HarborServers, type Release } from "./servers.ts";
import { servicesOf } from "./services.ts";
import { planOf } from "./values.ts";

const FINALIZER = "operator.alaudadevops.io/uninstall";
const BUSY_MS = 150;
const SETTLED_MS = 3000;
/** The entry goes first, so that nothing new comes in while the rest ends. */
const STOP_ORDER: readonly Part[] = ["nginx", "core", "registry", "jobservice", "portal", "trivy", "exporter"];

const servers = new HarborServers();
/** Services as last applied: applying them at every turn would only keep the API server busy. */
const declared = new Map<string, string>();

interface Identity {
  readonly name: string;
  readonly namespace: string;
}

const identityOf = (object: KubeObject): Identity => ({
  name: object.metadata?.name ?? "",
  namespace: object.metadata?.namespace ?? "",
});

/** Pods beyond what is wanted go, each with its server, the entry first. */
async function scaleDown(
  context: SiteContext,
  { name, namespace }: Identity,
  wanted: Readonly<Record<Part, number>>,
  pods: readonly KubeObject[],
): Promise<void> {
  for (const part of STOP_ORDER) {
    const surplus = pods.filter((pod) => {
      const own = pod.metadata?.labels?.component === part;
      const kept = Array.from({ length: wanted[part] }, (_, index) => podName(name, part, index));
      return own && !kept.includes(pod.metadata?.name ?? "");
    });
    for (const pod of surplus) {
      const index = Number((pod.metadata?.name ?? "").split("-").at(-1));
      // The object first: Services stop sending to it, as they do with a pod that is terminating.
      await remove(context, { apiVersion: "v1", kind: "Pod", metadata: { name: pod.metadata?.name ?? "", namespace } });
      await servers.stop(context, name, part, index);
      context.log(`${namespace}/${pod.metadata?.name} is gone (${podAddress(part, index)})`);
    }
  }
}

async function declareServices(context: SiteContext, release: Release): Promise<void> {
  const wanted = servicesOf({ release: release.name, namespace: release.namespace }, release.plan.values);
  const text = JSON.stringify(wanted);
  const key = `${release.namespace}/${release.name}`;
  if (declared.get(key) === text) return;
  for (const object of wanted) await apply(context, object);
  declared.set(key, text);
}

function statusOf(
  object: KubeObject,
  phase: "Running" | "Stopped" | "Progressing" | "Failed",
  message: string,
  version?: string,
): Json {
  const before = (object.status ?? {}) as {
    conditions?: readonly { type: string; status: string; lastTransitionTime?: string }[];
  };
  const condition = (type: string, holds: boolean): Json => {
    const status = holds ? "True" : "False";
    const old = before.conditions?.find((one) => one.type === type && one.status === status);
    const lastTransitionTime = old?.lastTransitionTime ?? new Date().toISOString().replace(/\.\d+Z/, "Z");
    return { type, status, reason: phase, message, lastTransitionTime };
  };
  return {
    phase,
    observedGeneration: object.metadata?.generation ?? 0,
    ...(version === undefined ? {} : { version }),
    conditions: [condition("Deployed", phase !== "Failed"), condition("Ready", phase === "Running")],
  };
}

async function uninstall(context: SiteContext, object: KubeObject): Promise<void> {
  const identity = identityOf(object);
  const none = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
  await scaleDown(context, identity, none, await podsOf(context, identity.namespace, identity.name));
  const plan = planOf(object.spec);
  if ("values" in plan) {
    for (const service of servicesOf({ release: identity.name, namespace: identity.namespace }, plan.values)) {
      await remove(context, service as Parameters<typeof remove>[1]);
    }
  }
  declared.delete(`${identity.namespace}/${identity.name}`);
  const finalizers = (object.metadata?.finalizers ?? []).filter((one) => one !== FINALIZER);
  await patch(context, object, { metadata: { finalizers } });
}

async function reconcile(object: KubeObject, context: SiteContext): Promise<number | undefined> {
  const finalizers = object.metadata?.finalizers ?? [];
  if (object.metadata?.deletionTimestamp !== undefined) {
    if (finalizers.includes(FINALIZER)) await uninstall(context, object);
    return undefined;
  }
  if (!finalizers.includes(FINALIZER)) {
    await patch(context, object, { metadata: { finalizers: [...finalizers, FINALIZER] } });
  }
  const plan = planOf(object.spec);
  if ("problems" in plan) {
    await setStatus(context, object, statusOf(object, "Failed", plan.problems.join("; ")));
    return undefined;
  }
  const identity = identityOf(object);
  const release: Release = { ...identity, plan, secrets: new Secrets(context, identity.namespace) };
  await declareServices(context, release);
  const wanted = wantedReplicas(plan.values);
  const pods = await podsOf(context, identity.namespace, identity.name);
  await scaleDown(context, identity, wanted, pods);

  const waiting: string[] = [];
  await Promise.all(
    PARTS.flatMap((part) =>
      Array.from({ length: wanted[part] }, async (_, index) => {
        const state = await servers.ensure(context, release, part, index);
        const name = podName(identity.name, part, index);
        const found = pods.find((pod) => pod.metadata?.name === name);
        const ready = await showPod(
          context,
          { release: identity.name, namespace: identity.namespace, part, index, owner: object },
          found,
          state,
        );
        if (!ready) waiting.push(state.ready ? `${name}: starting` : `${name}: ${state.reason}: ${state.message}`);
      }),
    ),
  );
  const total = Object.values(wanted).reduce((sum, count) => sum + count, 0);
  const phase = waiting.length > 0 ? "Progressing" : total === 0 ? "Stopped" : "Running";
  const message = waiting.length > 0 ? waiting.sort().join("; ") : `${total} of ${total} pods ready`;
  await setStatus(context, object, statusOf(object, phase, message, plan.version));
  return waiting.length > 0 ? BUSY_MS : SETTLED_MS;
}

const harbor: Controller = {
  name: "harbor",
  watches: [{ apiVersion: "operator.alaudadevops.io/v1alpha1", plural: "harbors", namespaced: true }],
  begin: async (context) => await bundleCore(coreProgram(context)),
  reconcile,
};

export const harborControllers: readonly Controller[] = [harbor];
