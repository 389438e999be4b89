/**
 * The Kubernetes API as plain JSON over HTTPS.
 *
 * The generated clients turn objects into classes and drop what they do not know, which is wrong for custom
 * resources with open fields and for the status subresource; operators need neither classes nor discovery by hand.
 */

import type { RequestOptions } from "node:https";
import { Agent, request as httpsRequest } from "node:https";
import type { KubeConfig, KubernetesObject } from "@kubernetes/client-node";

export type Json = Record<string, unknown>;
export type KubeObject = KubernetesObject & Json;

/** One answer of the API server that is not a success. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

const REQUEST_MS = 15_000;
const agents = new WeakMap<KubeConfig, Agent>();

export interface KubeRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query, `/apis/…`. */
  readonly path: string;
  readonly body?: unknown;
  /** @default "application/json" */
  readonly contentType?: string;
}

export async function kubeRequest<T = KubeObject>(kc: KubeConfig, ask: KubeRequest): Promise<T> {
  const cluster = kc.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig has no current context");
  const url = new URL(ask.path, cluster.server);
  const options: RequestOptions = {};
  await kc.applyToHTTPSOptions(options);
  let agent = agents.get(kc);
  if (agent === undefined) {
    agent = new Agent({ keepAlive: true, ...(options.ca === undefined ? {} : { ca: options.ca }) });
    agents.set(kc, agent);
  }
  const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
  const headers: Record<string, string | number> = {
    ...(options.headers as Record<string, string> | undefined),
    accept: "application/json",
    ...(body === undefined
      ? {}
      : { "content-type": ask.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
  };
  return await new Promise<T>((resolve, reject) => {
    const sent = httpsRequest(url, { ...options, agent, method: ask.method ?? "GET", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) {
          const isJson = (response.headers["content-type"] ?? "").includes("json");
          resolve((isJson ? JSON.parse(text) : text) as T);
          return;
        }
        let told: { message?: string; reason?: string } = {};
        try {
          told = JSON.parse(text) as { message?: string; reason?: string };
        } catch {
          told = { message: text.slice(0, 300) };
        }
        const what = `${ask.method ?? "GET"} ${url.pathname}`;
        reject(new KubeError(status, told.reason ?? "", `${what}: ${status} ${told.message ?? ""}`));
      });
    });
    sent.setTimeout(REQUEST_MS, () =>
      sent.destroy(new Error(`${url.host} gave no answer within ${REQUEST_MS / 1000} s`)),
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

export const isNotFound = (thrown: unknown): boolean => thrown instanceof KubeError && thrown.status === 404;
export const isConflict = (thrown: unknown): boolean => thrown instanceof KubeError && thrown.status === 409;

/** `/api/v1` or `/apis/<group>/<version>`. */
export const groupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

export function collectionPath(apiVersion: string, plural: string, namespace?: string): string {
  return `${groupPath(apiVersion)}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
}

interface ResourceKind {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const discovered = new WeakMap<KubeConfig, Map<string, ResourceKind>>();

async function resourceOf(kc: KubeConfig, apiVersion: string, kind: string): Promise<ResourceKind> {
  const known = discovered.get(kc) ?? new Map<string, ResourceKind>();
  discovered.set(kc, known);
  const key = `${apiVersion}/${kind}`;
  if (!known.has(key)) {
    const list = await kubeRequest<{ resources: ResourceKind[] }>(kc, { path: groupPath(apiVersion) });
    for (const one of list.resources) if (!one.name.includes("/")) known.set(`${apiVersion}/${one.kind}`, one);
  }
  const found = known.get(key);
  if (found === undefined) throw new Error(`the API server of this site does not know ${kind} in ${apiVersion}`);
  return found;
}

/** Path of one object, its kind looked up in the server's discovery. */
export async function objectPath(kc: KubeConfig, object: KubernetesObject): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  if (apiVersion === undefined || kind === undefined || metadata?.name === undefined) {
    throw new Error(
      `an object needs apiVersion, kind and metadata.name; got ${JSON.stringify({ apiVersion, kind, name: metadata?.name })}`,
    );
  }
  const resource = await resourceOf(kc, apiVersion, kind);
  const namespace = resource.namespaced ? (metadata.namespace ?? "default") : undefined;
  return `${collectionPath(apiVersion, resource.name, namespace)}/${metadata.name}`;
}
