/**
 * The Kubernetes API as plain JSON over HTTPS.
 *
 * The generated clients turn objects into classes and drop what they do not know, which is wrong for custom
 * resources with open fields and for the status subresource; operators need neither classes nor discovery by hand.
 */

import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import { parse } from "yaml";

export type Json = Record<string, unknown>;

export interface ObjectMeta {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly Json[];
}

/** What names an object; the rest of it is up to its kind. */
export interface ObjectHeader {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

export type KubeObject = ObjectHeader & Json;

/** One user's way to one API server. */
export interface ApiAccess {
  readonly server: string;
  readonly agent: Agent;
  readonly token: string;
}

interface KubeconfigFile {
  readonly "current-context": string;
  readonly clusters: readonly { name: string; cluster: { server: string; "certificate-authority-data": string } }[];
  readonly users: readonly { name: string; user: { token: string } }[];
}

/** From a kubeconfig that the lab wrote, where cluster, user and context have one name. */
export function readAccess(file: string, context?: string): ApiAccess {
  const config = parse(readFileSync(file, "utf8")) as KubeconfigFile;
  const name = context ?? config["current-context"];
  const cluster = config.clusters.find((one) => one.name === name)?.cluster;
  const user = config.users.find((one) => one.name === name)?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${file} has no context "${name}"`);
  const ca = Buffer.from(cluster["certificate-authority-data"], "base64");
  return { server: cluster.server, agent: new Agent({ keepAlive: true, ca }), token: user.token };
}

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
export interface KubeRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query, `/apis/…`. */
  readonly path: string;
  readonly body?: unknown;
  /** @default "application/json" */
  readonly contentType?: string;
}

export async function kubeRequest<T = KubeObject>(access: ApiAccess, ask: KubeRequest): Promise<T> {
  const url = new URL(ask.path, access.server);
  const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
  const headers: Record<string, string | number> = {
    authorization: `Bearer ${access.token}`,
    accept: "application/json",
    ...(body === undefined
      ? {}
      : { "content-type": ask.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
  };
  return await new Promise<T>((resolve, reject) => {
    const sent = httpsRequest(url, { agent: access.agent, method: ask.method ?? "GET", headers }, (response) => {
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

/** Follows a collection until the server ends the connection; each event's object has apiVersion and kind. */
export async function kubeWatch(
  access: ApiAccess,
  path: string,
  resourceVersion: string,
  onEvent: (type: string, object: KubeObject) => void,
): Promise<void> {
  const url = new URL(`${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`, access.server);
  const headers = { authorization: `Bearer ${access.token}`, accept: "application/json" };
  await new Promise<void>((resolve, reject) => {
    const sent = httpsRequest(url, { agent: access.agent, headers }, (response: IncomingMessage) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new KubeError(response.statusCode ?? 0, "", `watch ${path}: ${response.statusCode}`));
        return;
      }
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (line === "") continue;
          const event = JSON.parse(line) as { type: string; object: KubeObject };
          onEvent(event.type, event.object);
        }
      });
      response.on("error", reject);
      response.on("close", resolve);
    });
    sent.on("error", reject);
    sent.end();
  });
}

export const isNotFound = (thrown: unknown): boolean => thrown instanceof KubeError && thrown.status === 404;

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

const discovered = new WeakMap<ApiAccess, Map<string, ResourceKind>>();

async function resourceOf(kc: ApiAccess, apiVersion: string, kind: string): Promise<ResourceKind> {
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
export async function objectPath(kc: ApiAccess, object: ObjectHeader): Promise<string> {
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
