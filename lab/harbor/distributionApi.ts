/**
 * The core stand-in's /v2/: what docker, skopeo and containerd speak.
 *
 * Every request needs a token that allows it. A pushed manifest gets its row in PostgreSQL, committed, before the
 * client hears of success; a pull asks the rows first and then asks the registry for the digest that they name. So
 * an acknowledged image is in both, and an image is served only while both have it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerJson, HttpError, readBody } from "./answers.ts";
import type { Database } from "./database.ts";
import type { RegistryProxy } from "./registryProxy.ts";
import { type Access, allows, SERVICE, TokenRefused, verifyToken } from "./tokens.ts";

/** The distribution specification's limit. */
const MANIFEST_BYTES = 4 * 1024 * 1024;
const READS = new Set(["GET", "HEAD"]);

export interface DistributionApi {
  readonly database: Database;
  readonly registry: RegistryProxy;
  readonly externalUrl: string;
  readonly tokenCertificate: string;
}

interface Target {
  readonly repository: string;
  readonly part: "manifests" | "blobs" | "tags";
  /** What follows the part: a tag, a digest, `uploads/…`. */
  readonly rest: string;
}

function targetOf(path: string): Target | undefined {
  const found = /^\/v2\/(.+)\/(manifests|blobs|tags)\/(.+)$/.exec(path);
  if (found === null) return undefined;
  return { repository: found[1] ?? "", part: found[2] as Target["part"], rest: found[3] ?? "" };
}

export function splitRepository(full: string): readonly [project: string, repository: string] {
  const slash = full.indexOf("/");
  if (slash <= 0) throw new HttpError(404, "NAME_UNKNOWN", `${full}: Harbor's repositories are named project/name`);
  return [full.slice(0, slash), full.slice(slash + 1)];
}

/** Refuses with the challenge that sends a client to the token service. */
function authorize(
  api: DistributionApi,
  request: IncomingMessage,
  wanted?: { readonly repository: string; readonly action: string },
): void {
  const header = request.headers.authorization ?? "";
  const realm = `${api.externalUrl.replace(/\/$/, "")}/service/token`;
  const actions = wanted?.action === "push" ? "pull,push" : wanted?.action;
  const scope = wanted === undefined ? "" : `,scope="repository:${wanted.repository}:${actions}"`;
  const refuse = (reason: string): never => {
    const challenge = `Bearer realm="${realm}",service="${SERVICE}"${scope}`;
    throw new HttpError(401, "UNAUTHORIZED", reason, { "www-authenticate": challenge });
  };
  if (!/^bearer /i.test(header)) refuse("a token is needed");
  let access: readonly Access[] = [];
  try {
    access = verifyToken(api.tokenCertificate, header.slice(7));
  } catch (thrown) {
    refuse(`the token is refused: ${thrown instanceof TokenRefused ? thrown.message : "it cannot be read"}`);
  }
  if (wanted === undefined || allows(access, wanted.repository, wanted.action)) return;
  refuse(`unauthorized to access repository: ${wanted.repository}, action: ${wanted.action}`);
}

const actionOf = (method: string): "pull" | "push" | "delete" =>
  READS.has(method) ? "pull" : method === "DELETE" ? "delete" : "push";

/** Sizes that a manifest names, and its own. */
function sizeOf(manifest: Buffer): number {
  const parsed = JSON.parse(manifest.toString("utf8")) as {
    config?: { size?: number };
    layers?: { size?: number }[];
    manifests?: { size?: number }[];
  };
  const parts = [parsed.config, ...(parsed.layers ?? []), ...(parsed.manifests ?? [])];
  return parts.reduce((sum, part) => sum + (part?.size ?? 0), manifest.length);
}

async function putManifest(
  api: DistributionApi,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): Promise<void> {
  const [project, repository] = splitRepository(target.repository);
  const manifest = await readBody(request, MANIFEST_BYTES);
  const answer = await api.registry.whole("PUT", request.url ?? "", request.headers, manifest);
  if (answer.status === 201) {
    const digest = answer.headers["docker-content-digest"];
    if (typeof digest !== "string") throw new HttpError(502, "UNKNOWN", "registry: no digest for the manifest");
    const tag = target.rest.includes(":") ? "" : target.rest;
    await api.database.record(project, repository, digest, tag, sizeOf(manifest));
  }
  const { connection, "www-authenticate": _, ...headers } = answer.headers;
  response.writeHead(answer.status === 401 ? 502 : answer.status, headers).end(answer.body);
}

async function readOrDeleteManifest(
  api: DistributionApi,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): Promise<void> {
  const [project, repository] = splitRepository(target.repository);
  const digest = await api.database.digestOf(project, repository, target.rest);
  if (digest === undefined) {
    const message = `artifact ${target.repository}:${target.rest} not found`;
    throw new HttpError(404, "MANIFEST_UNKNOWN", message);
  }
  if (request.method === "DELETE") await api.database.forget(project, repository, digest);
  await api.registry.stream(request, response, `/v2/${target.repository}/manifests/${digest}`);
}

export async function serveDistribution(
  api: DistributionApi,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "GET";
  const { pathname } = new URL(request.url ?? "/", "http://core");
  if (pathname === "/v2/" || pathname === "/v2") {
    authorize(api, request);
    answerJson(response, 200, {}, { "docker-distribution-api-version": "registry/2.0" });
    return;
  }
  const target = targetOf(pathname);
  if (target === undefined) throw new HttpError(404, "NOT_FOUND", `${pathname} is not served by this stand-in`);
  const action = actionOf(method);
  authorize(api, request, { repository: target.repository, action });
  const [project] = splitRepository(target.repository);
  if (action !== "pull" && (await api.database.property("read_only")) === "true") {
    throw new HttpError(403, "DENIED", "The system is in read only mode. Any modification is prohibited.");
  }
  if (action === "push" && (await api.database.project(project)) === undefined) {
    throw new HttpError(404, "NOT_FOUND", `project ${project} not found`);
  }
  if (target.part === "manifests" && method === "PUT") return await putManifest(api, request, response, target);
  if (target.part === "manifests") return await readOrDeleteManifest(api, request, response, target);
  if (target.part === "tags") {
    const [, repository] = splitRepository(target.repository);
    const tags = (await api.database.artifacts(project, repository)).flatMap((artifact) => artifact.tags);
    return answerJson(response, 200, { name: target.repository, tags: tags.sort() });
  }
  await api.registry.stream(request, response, request.url ?? "");
}
