/**
 * A small client for one Kubernetes API server: requests with keep-alive, errors as the server words them, and
 * discovery (which path a kind is served at). The stand-in does without the client package because loading that
 * takes longer than everything else it does in a preview.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Cluster } from "./kubernetesConfig.ts";
import { isJsonObject, type Json, type JsonObject } from "./values.ts";

/** A server that takes longer than this to answer the first question counts as unreachable. */
const REACH_MS = 5_000;
const REQUEST_MS = 30_000;

export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: JsonObject;
  constructor(code: number, status: JsonObject, fallback: string) {
    super(typeof status.message === "string" ? status.message : fallback);
    this.code = code;
    this.reason = typeof status.reason === "string" ? status.reason : "";
    this.details = isJsonObject(status.details) ? status.details : {};
  }
}

/** The API server serves no such kind: usually a CustomResourceDefinition that is not installed. */
export class NoMatch extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
  }
}

export interface Served {
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface Ask {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  readonly contentType?: string;
  readonly limitMs?: number;
}

export class KubernetesApi {
  readonly #cluster: Cluster;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #discovered = new Map<string, Promise<Map<string, Served>>>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#agent =
      cluster.server.protocol === "http:"
        ? new HttpAgent({ keepAlive: true, maxSockets: 16 })
        : new HttpsAgent({
            keepAlive: true,
            maxSockets: 16,
            rejectUnauthorized: !cluster.insecure,
            ...(cluster.ca === undefined ? {} : { ca: cluster.ca }),
            ...(cluster.certificate === undefined ? {} : { cert: cluster.certificate }),
            ...(cluster.key === undefined ? {} : { key: cluster.key }),
            ...(cluster.serverName === undefined ? {} : { servername: cluster.serverName }),
          });
  }

  /** One question that any cluster answers, with a short limit. Throws in client-go's words. */
  async reach(): Promise<void> {
    await this.ask("GET", "/api/v1", { limitMs: REACH_MS });
  }

  async ask(method: string, path: string, ask: Ask = {}): Promise<JsonObject> {
    const url = new URL(path, this.#cluster.server);
    for (const [name, value] of Object.entries(ask.query ?? {})) url.searchParams.set(name, value);
    const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
    const { code, text } = await this.#send(
      method,
      url,
      body,
      ask.contentType ?? "application/json",
      ask.limitMs ?? REQUEST_MS,
    );
    const answer = parsed(text);
    if (code >= 400) throw new ApiError(code, answer, text || `the server answered with status ${code}`);
    return answer;
  }

  #send(
    method: string,
    url: URL,
    body: string | undefined,
    contentType: string,
    limitMs: number,
  ): Promise<{ code: number; text: string }> {
    const verb = method[0] + method.slice(1).toLowerCase();
    const words = (reason: string) => new Error(`${verb} "${url.href}": ${reason}`);
    return new Promise((done, failed) => {
      const send = url.protocol === "http:" ? httpRequest : httpsRequest;
      const headers: Record<string, string> = {
        accept: "application/json",
        "user-agent": "pulumi-kubernetes-stand-in",
      };
      if (this.#cluster.authorization !== undefined) headers.authorization = this.#cluster.authorization;
      if (body !== undefined) {
        headers["content-type"] = contentType;
        headers["content-length"] = String(Buffer.byteLength(body));
      }
      const request = send(url, { method, agent: this.#agent, headers }, (response: IncomingMessage) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (problem) => failed(words(problem.message)));
        response.on("end", () => {
          clearTimeout(limit);
          done({ code: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      const limit = setTimeout(() => request.destroy(words(`no answer within ${limitMs / 1000} s`)), limitMs);
      request.on("error", (problem: NodeJS.ErrnoException) => {
        clearTimeout(limit);
        failed(problem.code === undefined ? problem : words(networkReason(problem, url.host)));
      });
      request.end(body);
    });
  }

  /** Where a kind is served; NoMatch when nowhere. */
  async served(apiVersion: string, kind: string): Promise<Served> {
    let kinds = this.#discovered.get(apiVersion);
    if (!kinds) {
      kinds = this.#discover(apiVersion);
      this.#discovered.set(apiVersion, kinds);
      kinds.catch(() => this.#discovered.delete(apiVersion));
    }
    const served = (await kinds).get(kind);
    if (served) return served;
    // Asked again next time: the definition may be about to be created.
    this.#discovered.delete(apiVersion);
    throw new NoMatch(apiVersion, kind);
  }

  async #discover(apiVersion: string): Promise<Map<string, Served>> {
    const list = await this.ask("GET", root(apiVersion)).catch((problem: unknown) => {
      if (problem instanceof ApiError && problem.code === 404) return {} as JsonObject;
      throw problem;
    });
    const kinds = new Map<string, Served>();
    for (const item of Array.isArray(list.resources) ? list.resources : []) {
      if (!isJsonObject(item) || typeof item.name !== "string" || item.name.includes("/")) continue;
      kinds.set(String(item.kind), { plural: item.name, namespaced: item.namespaced === true });
    }
    return kinds;
  }

  async pathOf(apiVersion: string, kind: string, namespace: string, name?: string): Promise<string> {
    const { plural, namespaced } = await this.served(apiVersion, kind);
    const within = namespaced ? `/namespaces/${encodeURIComponent(namespace || "default")}` : "";
    return `${root(apiVersion)}${within}/${plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
  }
}

function root(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function parsed(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function networkReason(problem: NodeJS.ErrnoException, host: string): string {
  const reasons: Record<string, string> = {
    ECONNREFUSED: `dial tcp ${host}: connect: connection refused`,
    EHOSTUNREACH: `dial tcp ${host}: connect: no route to host`,
    ENETUNREACH: `dial tcp ${host}: connect: network is unreachable`,
    ENOTFOUND: `dial tcp: lookup ${host}: no such host`,
    ETIMEDOUT: `dial tcp ${host}: i/o timeout`,
  };
  return reasons[problem.code ?? ""] ?? problem.message;
}
