/** Looking at an object again (refresh, import, get) and deleting it, for the Kubernetes stand-in. */
import { randomBytes } from "node:crypto";
import { InitializationFailed } from "./errors.ts";
import { ApiError, NoMatch } from "./kubernetesApi.ts";
import { missingNow, NotReady, untilGone } from "./kubernetesAwait.ts";
import {
  asInputs,
  checkpoint,
  identityOf,
  normalized,
  parseCheckpoint,
  parseId,
  pruned,
  withSecrets,
} from "./kubernetesObject.ts";
import { type KubernetesSession, wordsOf } from "./kubernetesSession.ts";
import { deleteObject } from "./kubernetesWrite.ts";
import type { Place, Resource } from "./provider.ts";
import { isProperties, type JsonObject, type Properties } from "./values.ts";

interface Olds {
  readonly inputs: Properties;
  readonly state: Properties;
}
type Found = Resource & { readonly inputs: Properties };

export async function readObject(
  session: KubernetesSession,
  place: Place,
  id: string,
  olds: Olds,
): Promise<Found | undefined> {
  const { api } = session.readable(place);
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
  const missing = await missingNow(await session.waiting(place, live, known, 0), live).catch(wordsOf);
  if (missing !== undefined && !imported) {
    throw new InitializationFailed(`Resource '${name}' was created but failed to initialize`, {
      id,
      state,
      inputs: marked,
      reasons: [missing],
    });
  }
  return { id, state, inputs: marked };
}

export async function removeObject(
  session: KubernetesSession,
  place: Place,
  id: string,
  state: Properties,
  timeout: number,
): Promise<void> {
  const { api } = session.connected();
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
  const show = (line: string) => session.log("status", place.urn, line);
  try {
    await untilGone({ api, path, inputs, timeout, signal: session.signal, show }, uid);
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
}

function normalizedInputs(inputs: Properties): Properties {
  return isProperties(inputs.metadata) ? normalized(inputs) : inputs;
}

/** `kubernetes:apps/v1:Deployment` names what to read when neither inputs nor state do, as in an import. */
function typedIdentity(place: Place): { apiVersion: string; kind: string } {
  const [, version = "", kind = ""] = place.type.split(":");
  return { apiVersion: version.replace(/^core\//, ""), kind };
}
