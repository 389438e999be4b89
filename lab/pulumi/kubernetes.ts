/**
 * Stand-in for the Pulumi plugin `kubernetes`: any kind that the API server serves, by discovery. Entry point of the
 * plugin; the rules are in the other kubernetes*.ts files.
 */
import { randomBytes } from "node:crypto";
import { InitializationFailed, notInStandIn } from "./errors.ts";
import { ApiError, KubernetesApi, NoMatch } from "./kubernetesApi.ts";
import { missingNow, NotReady, untilGone, untilReady, type Waiting } from "./kubernetesAwait.ts";
import { type Cluster, checkProviderInputs, loadCluster } from "./kubernetesConfig.ts";
import { diffObject } from "./kubernetesDiff.ts";
import { checkInputs } from "./kubernetesInputs.ts";
import {
  annotation,
  asInputs,
  checkpoint,
  identityOf,
  idOf,
  normalized,
  parseCheckpoint,
  parseId,
  pruned,
  withSecrets,
} from "./kubernetesObject.ts";
import {
  createObject,
  deleteObject,
  isAlreadyThere,
  isMissingNamespace,
  updateObject,
  type Write,
} from "./kubernetesWrite.ts";
import { serve } from "./plugin.ts";
import type { Changes, Log, Place, Provider } from "./provider.ts";
import { changesBetween, withReplacement } from "./rules.ts";
import { hasUnknown, isProperties, type JsonObject, type Properties, reveal } from "./values.ts";

type Connection = { readonly api: KubernetesApi; readonly cluster: Cluster };

class KubernetesStandIn implements Provider {
  readonly #log: Log;
  readonly #cancelled = new AbortController();
  #options = new Map<string, string>();
  #connection: Connection | undefined;
  #unreachable = "the provider was not configured";

  constructor(log: Log) {
    this.#log = log;
  }

  checkConfig(inputs: Properties) {
    return { inputs, failures: checkProviderInputs(inputs) };
  }

  diffConfig(olds: Properties, news: Properties): { changes: Changes } {
    const changes = changesBetween(olds, news);
    const identified = news.clusterIdentifier !== undefined;
    const moved = () => addressOf(olds) !== addressOf(news);
    return {
      changes: withReplacement(changes, (path) =>
        changes.clusterIdentifier
          ? path === "clusterIdentifier"
          : !identified && ["kubeconfig", "context", "cluster"].includes(path) && moved(),
      ),
    };
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

  #on(option: string, variable: string): boolean {
    return (this.#options.get(option) ?? process.env[variable]) === "true";
  }

  #connected(): Connection {
    if (!this.#connection) throw new Error(`configured Kubernetes cluster is unreachable: ${this.#unreachable}`);
    return this.#connection;
  }

  async #namespaced(object: Properties): Promise<boolean> {
    const { apiVersion, kind } = identityOf(object);
    const served = await this.#connection?.api.served(apiVersion, kind).catch((problem: unknown) => {
      if (problem instanceof NoMatch) return undefined;
      throw problem;
    });
    // What is not served yet is most likely a custom resource of a namespace.
    return served?.namespaced ?? true;
  }

  check: Provider["check"] = async (place, olds, news, naming) => {
    const inputs = checkInputs(place, olds, news, naming);
    const { namespace } = identityOf(inputs);
    if (
      namespace === "" &&
      this.#connection &&
      isProperties(inputs.metadata) &&
      inputs.metadata.namespace === undefined
    ) {
      if (await this.#namespaced(inputs))
        inputs.metadata = { ...inputs.metadata, namespace: this.#connection.cluster.namespace };
    }
    return { inputs: withSecrets(inputs, inputs) };
  };

  diff: Provider["diff"] = async (_place, olds, news, ignoreChanges) => {
    const secrets = this.#on("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE");
    const configMaps = this.#on("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE");
    const namespaced = await this.#namespaced(news);
    return diffObject(parseCheckpoint(olds.state), news, {
      namespaced,
      mutability: { secrets, configMaps },
      ignoreChanges,
    });
  };

  #write(place: Place, inputs: Properties, fieldManager: string, preview: boolean): Write {
    const force = this.#on("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE");
    const show = (line: string) => this.#log("status", place.urn, line);
    return { api: this.#connected().api, inputs, fieldManager, preview, force, signal: this.#cancelled.signal, show };
  }

  async #waiting(place: Place, object: Properties, inputs: Properties, timeout: number): Promise<Waiting> {
    const { apiVersion, kind, name, namespace } = identityOf(object);
    const { api } = this.#connected();
    const path = await api.pathOf(apiVersion, kind, namespace, name);
    const show = (line: string) => this.#log("status", place.urn, line);
    return { api, path, inputs: reveal(inputs) as Properties, timeout, signal: this.#cancelled.signal, show };
  }

  /** What a preview cannot ask the server about is answered with the inputs. */
  async #cannotPreview(inputs: Properties): Promise<boolean> {
    if (hasUnknown(inputs) || !this.#connection) return true;
    const { apiVersion, kind } = identityOf(inputs);
    return this.#connection.api.served(apiVersion, kind).then(
      () => false,
      (problem: unknown) => problem instanceof NoMatch,
    );
  }

  create: Provider["create"] = async (place, inputs, { preview, timeout }) => {
    if (preview && (await this.#cannotPreview(inputs))) return { id: "", state: inputs };
    const manager = annotation(inputs, "patchFieldManager") ?? `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
    const { apiVersion, kind } = identityOf(inputs);
    const upsert = this.#on("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS");
    let created: JsonObject;
    try {
      created = await createObject(this.#write(place, inputs, manager, preview), upsert);
    } catch (problem) {
      const forbidden = problem instanceof ApiError && problem.code === 403;
      if (preview && (isMissingNamespace(problem) || isAlreadyThere(problem) || forbidden))
        return { id: "", state: inputs };
      if (problem instanceof NoMatch) {
        throw new Error(
          `creation of resource "${place.urn}" with kind ${apiVersion}/${kind} failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${problem.message}`,
        );
      }
      throw new Error(
        `resource "${place.urn}" was not successfully created by the Kubernetes API server: ${wordsOf(problem)}`,
      );
    }
    if (preview) {
      const { status: _status, ...object } = created;
      return { id: "", state: checkpoint(object, inputs, manager, apiVersion) };
    }
    const id = idOf(created);
    try {
      const live = await untilReady(await this.#waiting(place, created, inputs, timeout), created);
      return { id, state: checkpoint(live, inputs, manager, apiVersion) };
    } catch (problem) {
      if (!(problem instanceof NotReady)) throw problem;
      throw new InitializationFailed(
        `resource "${place.urn}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: ${problem.message}`,
        { id, state: checkpoint(problem.live, inputs, manager, apiVersion), reasons: problem.reasons },
      );
    }
  };

  update: Provider["update"] = async (place, olds, news, { preview, timeout, ignoreChanges }) => {
    if (preview && (await this.#cannotPreview(news))) return news;
    const old = parseCheckpoint(olds.state);
    const manager = annotation(news, "patchFieldManager") ?? old.fieldManager ?? "pulumi-kubernetes";
    const version = old.initialApiVersion ?? identityOf(news).apiVersion;
    const { name } = identityOf(old.live);
    const write = this.#write(place, news, manager, preview);
    try {
      const updated = await updateObject(write, name, ignoreChanges);
      if (preview) return checkpoint(updated, news, manager, version);
      const live = await untilReady(await this.#waiting(place, updated, news, timeout), updated);
      return checkpoint(live, news, manager, version);
    } catch (problem) {
      if (preview && problem instanceof ApiError && problem.code === 403) return news;
      const { apiVersion, kind, namespace } = identityOf(old.live);
      const live =
        problem instanceof NotReady
          ? problem.live
          : await write.api
              .pathOf(apiVersion, kind, namespace, name)
              .then((path) => write.api.ask("GET", path))
              .catch((cause: unknown) => {
                throw new Error(
                  `update of resource "${place.urn}" failed: ${wordsOf(problem)}\nunable to get cluster state: ${wordsOf(cause)}`,
                );
              });
      throw new InitializationFailed(
        `the Kubernetes API server reported that "${idOf(live)}" failed to fully initialize or become live: ${wordsOf(problem)}`,
        {
          id: olds.id,
          state: checkpoint(live, news, manager, version),
          reasons: problem instanceof NotReady ? problem.reasons : [],
        },
      );
    }
  };

  read: Provider["read"] = async (place, id, olds) => {
    const { api } = this.#readable(place);
    const old = parseCheckpoint(olds.state);
    const known = Object.keys(olds.inputs).length > 0 ? olds.inputs : old.live;
    const typed = typedIdentity(place);
    const { apiVersion, kind } = identityOf(known).kind === "" ? typed : identityOf(known);
    const { namespace, name } = parseId(id);
    let live: JsonObject;
    try {
      live = await api.ask("GET", await api.pathOf(apiVersion, kind, namespace, name));
    } catch (problem) {
      if (problem instanceof NoMatch || (problem instanceof ApiError && problem.code === 404)) return undefined;
      throw problem;
    }
    const imported = Object.keys(olds.inputs).length === 0;
    const inputs = imported ? asInputs(live) : (pruned(live, normalizedInputs(olds.inputs)) as Properties);
    const manager = old.fieldManager ?? `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
    const marked = withSecrets(inputs, olds.inputs);
    const state = {
      ...checkpoint(live, imported ? {} : olds.inputs, manager, old.initialApiVersion ?? apiVersion),
      __inputs: marked,
    };
    const missing = await missingNow(await this.#waiting(place, live, known, 0), live).catch(wordsOf);
    if (missing !== undefined && !imported) {
      throw new InitializationFailed(`Resource '${name}' was created but failed to initialize`, {
        id,
        state,
        inputs: marked,
        reasons: [missing],
      });
    }
    return { id, state, inputs: marked };
  };

  #readable(place: Place): Connection {
    if (this.#connection) return this.#connection;
    this.#log("warning", place.urn, `configured Kubernetes cluster is unreachable: ${this.#unreachable}`);
    throw new Error(
      `failed to read resource state due to unreachable cluster (${this.#unreachable}). Nothing was changed; run it again when the cluster answers.`,
    );
  }

  delete: Provider["delete"] = async (place, id, state, timeout) => {
    const { api } = this.#connected();
    const { live, inputs, fieldManager, initialApiVersion } = parseCheckpoint(state);
    const { name, namespace } = parseId(id);
    let path: string;
    try {
      path = await api.pathOf(
        identityOf(live).apiVersion,
        identityOf(live).kind,
        namespace || identityOf(live).namespace,
        name,
      );
    } catch (problem) {
      if (problem instanceof NoMatch) return;
      throw problem;
    }
    const uid = await deleteObject(api, path, inputs);
    if (uid === undefined) return;
    const show = (line: string) => this.#log("status", place.urn, line);
    try {
      await untilGone({ api, path, inputs, timeout, signal: this.#cancelled.signal, show }, uid);
    } catch (problem) {
      if (!(problem instanceof NotReady)) throw problem;
      const last = checkpoint(
        problem.live,
        inputs,
        fieldManager ?? "pulumi-kubernetes",
        initialApiVersion ?? identityOf(live).apiVersion,
      );
      throw new InitializationFailed(problem.message, { id, state: last, reasons: problem.reasons });
    }
  };

  async invoke(token: string): Promise<Properties> {
    throw notInStandIn("kubernetes", `the function ${token}`);
  }

  cancel(): void {
    this.#cancelled.abort();
  }
}

function normalizedInputs(inputs: Properties): Properties {
  return isProperties(inputs.metadata) ? normalized(inputs) : inputs;
}

function addressOf(config: Properties): string {
  const plain = reveal(config) as Properties;
  try {
    return loadCluster((name) => (typeof plain[name] === "string" ? (plain[name] as string) : undefined)).server.href;
  } catch {
    return "";
  }
}

/** `kubernetes:apps/v1:Deployment` names what to read when neither inputs nor state do, as in an import. */
function typedIdentity(place: Place): { apiVersion: string; kind: string } {
  const [, version = "", kind = ""] = place.type.split(":");
  return { apiVersion: version.replace(/^core\//, ""), kind };
}

function wordsOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

serve((log) => new KubernetesStandIn(log));
