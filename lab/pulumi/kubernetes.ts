/**
 * Stand-in for the Pulumi plugin `kubernetes`: any kind that the API server serves, by discovery. Entry point of the
 * plugin; the rules are in the other kubernetes*.ts files.
 */
import { randomBytes } from "node:crypto";
import { InitializationFailed, notInStandIn } from "./errors.ts";
import { ApiError, NoMatch } from "./kubernetesApi.ts";
import { NotReady, untilReady } from "./kubernetesAwait.ts";
import { checkProviderInputs, loadCluster } from "./kubernetesConfig.ts";
import { diffObject } from "./kubernetesDiff.ts";
import { checkInputs } from "./kubernetesInputs.ts";
import { annotation, checkpoint, identityOf, idOf, parseCheckpoint, withSecrets } from "./kubernetesObject.ts";
import { readObject, removeObject } from "./kubernetesRead.ts";
import { KubernetesSession, wordsOf } from "./kubernetesSession.ts";
import { createObject, isAlreadyThere, isMissingNamespace, updateObject } from "./kubernetesWrite.ts";
import { serve } from "./plugin.ts";
import type { Changes, Log, Provider } from "./provider.ts";
import { changesBetween, withReplacement } from "./rules.ts";
import { isProperties, type JsonObject, type Properties, reveal } from "./values.ts";

class KubernetesStandIn implements Provider {
  readonly #session: KubernetesSession;

  constructor(log: Log) {
    this.#session = new KubernetesSession(log);
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

  configure(variables: ReadonlyMap<string, string>): Promise<void> {
    return this.#session.configure(variables);
  }

  check: Provider["check"] = async (place, olds, news, naming) => {
    const inputs = checkInputs(place, olds, news, naming);
    const { namespace } = identityOf(inputs);
    if (
      namespace === "" &&
      this.#session.connection &&
      isProperties(inputs.metadata) &&
      inputs.metadata.namespace === undefined
    ) {
      if (await this.#session.namespaced(inputs))
        inputs.metadata = { ...inputs.metadata, namespace: this.#session.connection.cluster.namespace };
    }
    return { inputs: withSecrets(inputs, inputs) };
  };

  diff: Provider["diff"] = async (_place, olds, news, ignoreChanges) => {
    const secrets = this.#session.on("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE");
    const configMaps = this.#session.on("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE");
    const namespaced = await this.#session.namespaced(news);
    return diffObject(parseCheckpoint(olds.state), news, {
      namespaced,
      mutability: { secrets, configMaps },
      ignoreChanges,
    });
  };

  create: Provider["create"] = async (place, inputs, { preview, timeout }) => {
    if (preview && (await this.#session.cannotPreview(inputs))) return { id: "", state: inputs };
    const manager = annotation(inputs, "patchFieldManager") ?? `pulumi-kubernetes-${randomBytes(4).toString("hex")}`;
    const { apiVersion, kind } = identityOf(inputs);
    const upsert = this.#session.on("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS");
    let created: JsonObject;
    try {
      created = await createObject(this.#session.write(place, inputs, manager, preview), upsert);
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
      const live = await untilReady(await this.#session.waiting(place, created, inputs, timeout), created);
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
    if (preview && (await this.#session.cannotPreview(news))) return news;
    const old = parseCheckpoint(olds.state);
    const manager = annotation(news, "patchFieldManager") ?? old.fieldManager ?? "pulumi-kubernetes";
    const version = old.initialApiVersion ?? identityOf(news).apiVersion;
    const { name } = identityOf(old.live);
    const write = this.#session.write(place, news, manager, preview);
    try {
      const updated = await updateObject(write, name, ignoreChanges);
      if (preview) return checkpoint(updated, news, manager, version);
      const live = await untilReady(await this.#session.waiting(place, updated, news, timeout), updated);
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

  read: Provider["read"] = (place, id, olds) => readObject(this.#session, place, id, olds);

  delete: Provider["delete"] = (place, id, state, timeout) => removeObject(this.#session, place, id, state, timeout);

  async invoke(token: string): Promise<Properties> {
    throw notInStandIn("kubernetes", `the function ${token}`);
  }

  cancel(): void {
    this.#session.cancel();
  }
}

function addressOf(config: Properties): string {
  const plain = reveal(config) as Properties;
  try {
    return loadCluster((name) => (typeof plain[name] === "string" ? (plain[name] as string) : undefined)).server.href;
  } catch {
    return "";
  }
}

serve((log) => new KubernetesStandIn(log));
