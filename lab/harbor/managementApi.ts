/**
 * The core stand-in's token service and the few calls of Harbor's own API (/api/v2.0) that this project uses: health,
 * projects, counting what is there, robot accounts, the read-only switch.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answerJson, basicLogin, HttpError, readBody } from "./answers.ts";
import type { Database } from "./database.ts";
import { splitRepository } from "./distributionApi.ts";
import type { Health } from "./health.ts";
import { type Access, issueToken, parseScope } from "./tokens.ts";

const BODY_BYTES = 64 * 1024;

export interface ManagementApi {
  readonly database: Database;
  readonly health: Health;
  readonly version: string;
  readonly externalUrl: string;
  readonly tokenKey: string;
}

/** The account of a request; undefined without a login, an error with a wrong one. */
async function accountOf(api: ManagementApi, request: IncomingMessage): Promise<string | undefined> {
  const login = basicLogin(request);
  if (login === undefined) return undefined;
  if (await api.database.passwordFits(login.user, login.password)) return login.user;
  throw new HttpError(401, "UNAUTHORIZED", `wrong name or password for ${login.user}`);
}

async function administrator(api: ManagementApi, request: IncomingMessage): Promise<string> {
  const account = await accountOf(api, request);
  if (account === undefined) throw new HttpError(401, "UNAUTHORIZED", "log in with Basic authentication");
  if (account !== "admin") throw new HttpError(403, "FORBIDDEN", `${account} is not the administrator`);
  return account;
}

/** What of a scope an account gets: accounts all in a project that exists, everybody else pulls from public ones. */
async function granted(api: ManagementApi, account: string | undefined, asked: Access): Promise<Access> {
  const [name] = splitRepository(asked.name);
  const project = await api.database.project(name);
  const may = project === undefined ? [] : account !== undefined ? asked.actions : project.public ? ["pull"] : [];
  return { ...asked, actions: asked.actions.filter((action) => may.includes(action)) };
}

async function token(api: ManagementApi, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const account = await accountOf(api, request);
  const asked = url.searchParams
    .getAll("scope")
    .flatMap((scopes) => scopes.split(" "))
    .map(parseScope);
  const access = await Promise.all(
    asked.filter((one): one is Access => one !== undefined).map((one) => granted(api, account, one)),
  );
  answerJson(response, 200, issueToken(api.tokenKey, account ?? "", access));
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const text = (await readBody(request, BODY_BYTES)).toString("utf8");
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new HttpError(400, "BAD_REQUEST", "the body is not JSON");
  }
}

/** One page of a list, with Harbor's X-Total-Count. */
function answerPage(response: ServerResponse, url: URL, all: readonly unknown[]): void {
  const size = Math.min(100, Number(url.searchParams.get("page_size") ?? 10));
  const page = Number(url.searchParams.get("page") ?? 1);
  const total = { "x-total-count": String(all.length) };
  answerJson(response, 200, all.slice((page - 1) * size, page * size), total);
}

async function createProject(api: ManagementApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await administrator(api, request);
  const { project_name: name, public: shorthand, metadata } = await bodyOf(request);
  if (typeof name !== "string" || !/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name)) {
    throw new HttpError(400, "BAD_REQUEST", `project_name ${JSON.stringify(name)} is not a project's name`);
  }
  const isPublic = shorthand === true || (metadata as { public?: string } | undefined)?.public === "true";
  if (!(await api.database.addProject(name, isPublic))) {
    throw new HttpError(409, "CONFLICT", `The project named ${name} already exists`);
  }
  response.writeHead(201, { location: `/api/v2.0/projects/${name}` }).end();
}

async function createRobot(api: ManagementApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await administrator(api, request);
  const { name } = await bodyOf(request);
  if (typeof name !== "string" || !/^[a-z0-9_-]+$/.test(name)) {
    throw new HttpError(400, "BAD_REQUEST", `name ${JSON.stringify(name)} is not a robot's name`);
  }
  const robot = `robot$${name}`;
  const secret = randomBytes(24).toString("base64url");
  if (!(await api.database.addAccount(robot, secret))) {
    throw new HttpError(409, "CONFLICT", `${robot} already exists`);
  }
  answerJson(response, 201, { name: robot, secret });
}

async function configure(api: ManagementApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await administrator(api, request);
  if (request.method === "GET") {
    const value = (await api.database.property("read_only")) === "true";
    return answerJson(response, 200, { read_only: { value, editable: true } });
  }
  const { read_only: readOnly, ...rest } = await bodyOf(request);
  const others = Object.keys(rest);
  if (typeof readOnly !== "boolean" || others.length > 0) {
    throw new HttpError(
      400,
      "BAD_REQUEST",
      `this stand-in only has read_only (true or false), not ${others.join(", ")}`,
    );
  }
  await api.database.setProperty("read_only", String(readOnly));
  response.writeHead(200).end();
}

async function readProject(
  api: ManagementApi,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  path: readonly string[],
): Promise<void> {
  const [project = "", list, encoded = "", artifacts] = path;
  const found = await api.database.project(project);
  const account = await accountOf(api, request);
  if (found === undefined) throw new HttpError(404, "NOT_FOUND", `project ${project} not found`);
  if (account === undefined && !found.public) throw new HttpError(401, "UNAUTHORIZED", "log in");
  if (list === undefined)
    return answerJson(response, 200, { name: project, metadata: { public: String(found.public) } });
  if (list === "repositories" && artifacts === undefined && encoded === "") {
    const rows = await api.database.repositories(project);
    const shown = rows.map((row) => ({ name: `${project}/${row.repository}`, artifact_count: row.artifacts }));
    return answerPage(response, url, shown);
  }
  if (list === "repositories" && artifacts === "artifacts") {
    // Clients encode the slashes of a repository twice.
    const rows = await api.database.artifacts(project, decodeURIComponent(decodeURIComponent(encoded)));
    const shown = rows.map(({ digest, size, pushed, tags }) => ({
      digest,
      size,
      push_time: pushed,
      tags: tags.map((name) => ({ name })),
    }));
    return answerPage(response, url, shown);
  }
  throw new HttpError(404, "NOT_FOUND", `${url.pathname} is not served by this stand-in`);
}

export async function serveManagement(
  api: ManagementApi,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://core");
  const method = request.method ?? "GET";
  if (url.pathname === "/service/token") return await token(api, request, response, url);
  const [name = "", ...path] = url.pathname.replace(/^\/api\/v2\.0\//, "").split("/");
  switch (`${method} ${name}`) {
    case "GET health":
      return answerJson(response, 200, await api.health.ask());
    case "GET ping":
      response.writeHead(200, { "content-type": "text/plain" }).end("Pong");
      return;
    case "GET systeminfo": {
      const account = await accountOf(api, request);
      const own =
        account === undefined ? {} : { harbor_version: api.version, registry_url: new URL(api.externalUrl).host };
      return answerJson(response, 200, { auth_mode: "db_auth", external_url: api.externalUrl, ...own });
    }
    case "POST projects":
      return await createProject(api, request, response);
    case "GET projects": {
      if (path.length > 0) return await readProject(api, request, response, url, path);
      const account = await accountOf(api, request);
      const all = (await api.database.projects()).filter((project) => account !== undefined || project.public);
      const shown = all.map((project) => ({
        name: project.name,
        creation_time: project.created,
        repo_count: project.repositories,
        metadata: { public: String(project.public) },
      }));
      return answerPage(response, url, shown);
    }
    case "POST robots":
      return await createRobot(api, request, response);
    case "GET configurations":
    case "PUT configurations":
      return await configure(api, request, response);
    default:
      throw new HttpError(404, "NOT_FOUND", `${method} ${url.pathname} is not served by this stand-in`);
  }
}
