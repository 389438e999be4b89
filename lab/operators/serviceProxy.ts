/**
 * Stand-in for kube-proxy and for a cloud's load balancer.
 *
 * For every Service with a selector it listens on the cluster address, on the site's address at the node port, and
 * for a LoadBalancer on the site's address at the port itself, and passes TCP on to a Ready pod that the selector
 * matches. Where no pod is Ready it does not listen, so that a client sees "connection refused" as it would.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type Controller, isReady, type KubeObject, patch, type SiteContext } from "./controller.ts";

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly protocol?: string;
}

interface ServiceSpec {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePort[];
}

interface PodSpec {
  readonly containers: readonly {
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  }[];
}

export interface Backend {
  readonly host: string;
  readonly port: number;
}

const specOf = (service: KubeObject): ServiceSpec => (service.spec ?? {}) as ServiceSpec;
const keyOf = (object: KubeObject): string => `${object.metadata?.namespace}/${object.metadata?.name}`;

/** Ready pods of the Service's namespace that carry every label of its selector, each with the port to use there. */
export function backendsOf(service: KubeObject, port: ServicePort, pods: Iterable<KubeObject>): Backend[] {
  const selector = Object.entries(specOf(service).selector ?? {});
  if (selector.length === 0) return [];
  const backends: Backend[] = [];
  for (const pod of pods) {
    const labels = pod.metadata?.labels ?? {};
    const address = (pod.status as { podIP?: string } | undefined)?.podIP;
    const matches = pod.metadata?.namespace === service.metadata?.namespace;
    if (!matches || address === undefined || pod.metadata?.deletionTimestamp !== undefined) continue;
    if (!isReady(pod) || !selector.every(([key, value]) => labels[key] === value)) continue;
    const target = port.targetPort ?? port.port;
    const named = (pod.spec as PodSpec).containers.flatMap((one) => one.ports ?? []).find((one) => one.name === target);
    const number = typeof target === "number" ? target : (named?.containerPort ?? port.port);
    backends.push({ host: address, port: number });
  }
  return backends;
}

/** Where a Service is reached on this site: `address:port` each. */
export function frontsOf(service: KubeObject, port: ServicePort, siteAddress: string): Backend[] {
  const { type, clusterIP } = specOf(service);
  const fronts: Backend[] = [];
  if (clusterIP !== undefined && clusterIP !== "" && clusterIP !== "None")
    fronts.push({ host: clusterIP, port: port.port });
  if (type !== "NodePort" && type !== "LoadBalancer") return fronts;
  if (port.nodePort !== undefined) fronts.push({ host: siteAddress, port: port.nodePort });
  if (type === "LoadBalancer") fronts.push({ host: siteAddress, port: port.port });
  return fronts;
}

interface Listener {
  readonly server: Server;
  backends: readonly Backend[];
  next: number;
}

function forward(client: Socket, listener: Listener): void {
  const backend = listener.backends[listener.next % Math.max(1, listener.backends.length)];
  listener.next += 1;
  if (backend === undefined) {
    client.resetAndDestroy();
    return;
  }
  const server = connect({ ...backend, allowHalfOpen: true });
  client.setNoDelay(true);
  server.setNoDelay(true);
  client.on("error", () => server.destroy());
  server.on("error", () => client.resetAndDestroy());
  client.on("close", () => server.destroy());
  server.on("close", () => client.destroy());
  client.pipe(server);
  server.pipe(client);
}

/** One site's open ports. Everything is worked out again at each change; a site has a dozen Services. */
class ServiceProxy {
  readonly #services = new Map<string, KubeObject>();
  readonly #pods = new Map<string, KubeObject>();
  readonly #listeners = new Map<string, Listener>();

  remember(object: KubeObject, gone: boolean): void {
    const known = object.kind === "Pod" ? this.#pods : this.#services;
    if (gone) known.delete(keyOf(object));
    else known.set(keyOf(object), object);
  }

  sync(context: SiteContext): void {
    const wanted = new Map<string, { front: Backend; backends: Backend[]; service: string }>();
    for (const service of this.#services.values()) {
      for (const port of specOf(service).ports ?? []) {
        const backends = backendsOf(service, port, this.#pods.values());
        if (backends.length === 0 || (port.protocol ?? "TCP") !== "TCP") continue;
        for (const front of frontsOf(service, port, context.lab.address)) {
          const id = `${front.host}:${front.port}`;
          const other = wanted.get(id);
          if (other === undefined) wanted.set(id, { front, backends, service: keyOf(service) });
          else context.log(`${keyOf(service)}: ${id} is taken by Service ${other.service}`);
        }
      }
    }
    for (const [id, listener] of this.#listeners) {
      if (wanted.has(id)) continue;
      listener.server.close();
      this.#listeners.delete(id);
      context.log(`closed ${id}: no Ready pod behind it`);
    }
    for (const [id, { front, backends, service }] of wanted) {
      const open = this.#listeners.get(id);
      if (open !== undefined) open.backends = backends;
      else this.#open(id, front, backends, service, context);
    }
  }

  #open(id: string, front: Backend, backends: Backend[], service: string, context: SiteContext): void {
    const server = createServer({ allowHalfOpen: true }, (client) => forward(client, listener));
    const listener: Listener = { server, backends, next: 0 };
    this.#listeners.set(id, listener);
    server.once("error", (error) => {
      context.log(`${service}: cannot listen on ${id}: ${error.message}`);
      this.#listeners.delete(id);
    });
    server.listen(front.port, front.host, () => {
      context.log(
        `${service}: ${(server.address() as AddressInfo).address}:${front.port} → ${backends.map((one) => `${one.host}:${one.port}`).join(", ")}`,
      );
    });
  }
}

async function announce(service: KubeObject, context: SiteContext): Promise<void> {
  const status = (service.status ?? {}) as { loadBalancer?: { ingress?: { ip?: string }[] } };
  const announced = status.loadBalancer?.ingress?.[0]?.ip;
  if (specOf(service).type !== "LoadBalancer" || announced === context.lab.address) return;
  await patch(context, service, { status: { loadBalancer: { ingress: [{ ip: context.lab.address }] } } }, "status");
}

const proxy = new ServiceProxy();

export const serviceProxyControllers: readonly Controller[] = [
  {
    name: "service-proxy",
    watches: [
      { apiVersion: "v1", plural: "services" },
      { apiVersion: "v1", plural: "pods" },
    ],
    async reconcile(object, context) {
      proxy.remember(object, false);
      proxy.sync(context);
      if (object.kind === "Service") await announce(object, context);
      return undefined;
    },
    async removed(object, context) {
      proxy.remember(object, true);
      proxy.sync(context);
    },
  },
];
