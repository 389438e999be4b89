/** One configured connection of the Kubernetes stand-in: its options, its cluster or why there is none, and its waits. */
import { KubernetesApi, NoMatch } from "./kubernetesApi.ts";
import type { Waiting } from "./kubernetesAwait.ts";
import { type Cluster, loadCluster } from "./kubernetesConfig.ts";
import { identityOf } from "./kubernetesObject.ts";
import type { Write } from "./kubernetesWrite.ts";
import type { Log, Place } from "./provider.ts";
import { hasUnknown, type Properties, reveal } from "./values.ts";

export interface Connection {
  readonly api: KubernetesApi;
  readonly cluster: Cluster;
}

export function wordsOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

export class KubernetesSession {
  readonly log: Log;
  readonly #cancelled = new AbortController();
  #options = new Map<string, string>();
  #connection: Connection | undefined;
  #unreachable = "the provider was not configured";

  constructor(log: Log) {
    this.log = log;
  }

  /** Undefined while the cluster is unreachable. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  async configure(variables: ReadonlyMap<string, string>): Promise<void> {
    this.#options = new Map([...variables].map(([key, value]) => [key.replace("kubernetes:config:", ""), value]));
    let cluster: Cluster;
    try {
      cluster = loadCluster((name) => this.#options.get(name));
    } catch (problem) {
      this.#unreachable = `unable to load Kubernetes client configuration from kubeconfig file: ${wordsOf(problem)}`;
      return;
    }
    const api = new KubernetesApi(cluster);
    try {
      await api.reach();
      this.#connection = { api, cluster };
    } catch (problem) {
      this.#unreachable = `unable to load schema information from the API server: ${wordsOf(problem)}`;
    }
  }

  on(option: string, variable: string): boolean {
    return (this.#options.get(option) ?? process.env[variable]) === "true";
  }

  connected(): Connection {
    if (!this.#connection) throw new Error(`configured Kubernetes cluster is unreachable: ${this.#unreachable}`);
    return this.#connection;
  }

  readable(place: Place): Connection {
    if (this.#connection) return this.#connection;
    this.log("warning", place.urn, `configured Kubernetes cluster is unreachable: ${this.#unreachable}`);
    throw new Error(
      `failed to read resource state due to unreachable cluster (${this.#unreachable}). Nothing was changed; run it again when the cluster answers.`,
    );
  }

  async namespaced(object: Properties): Promise<boolean> {
    const { apiVersion, kind } = identityOf(object);
    const served = await this.#connection?.api.served(apiVersion, kind).catch((problem: unknown) => {
      if (problem instanceof NoMatch) return undefined;
      throw problem;
    });
    // What is not served yet is most likely a custom resource of a namespace.
    return served?.namespaced ?? true;
  }

  write(place: Place, inputs: Properties, fieldManager: string, preview: boolean): Write {
    const force = this.on("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE");
    const show = (line: string) => this.log("status", place.urn, line);
    return { api: this.connected().api, inputs, fieldManager, preview, force, signal: this.#cancelled.signal, show };
  }

  async waiting(place: Place, object: Properties, inputs: Properties, timeout: number): Promise<Waiting> {
    const { apiVersion, kind, name, namespace } = identityOf(object);
    const { api } = this.connected();
    const path = await api.pathOf(apiVersion, kind, namespace, name);
    const show = (line: string) => this.log("status", place.urn, line);
    return { api, path, inputs: reveal(inputs) as Properties, timeout, signal: this.#cancelled.signal, show };
  }

  /** What a preview cannot ask the server about is answered with the inputs. */
  async cannotPreview(inputs: Properties): Promise<boolean> {
    if (hasUnknown(inputs) || !this.#connection) return true;
    const { apiVersion, kind } = identityOf(inputs);
    return this.#connection.api.served(apiVersion, kind).then(
      () => false,
      (problem: unknown) => problem instanceof NoMatch,
    );
  }

  get signal(): AbortSignal {
    return this.#cancelled.signal;
  }

  cancel(): void {
    this.#cancelled.abort();
  }
}
