/**
 * Speaks to one certain Harbor under the name that clients use. The external name may point at the
 * other site while this one is proved, so every connection goes to the site's own address, that of the
 * token service too, which Harbor gives by its external URL.
 */
import { createHash } from "node:crypto";
import { type Address, readAddress, readUrl } from "./environment.ts";
import { Unanswered } from "./outcome.ts";
import { type Answer, excerpt, jsonOf, request } from "./request.ts";
import { read } from "./shape.ts";

/** Limit of one request. */
const LIMIT_MS = 10_000;

/** A digest as registries write it. */
export const digestOf = (content: Buffer | string): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** One more request to Harbor. */
interface HarborRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly timeoutMs?: number;
}

/** One site's Harbor. */
export class Harbor {
  readonly external: URL;
  readonly address: Address;

  constructor(environment: { readonly DR_EXTERNAL_URL: string; readonly DR_HARBOR_ADDRESS: string }) {
    this.external = readUrl("DR_EXTERNAL_URL", environment.DR_EXTERNAL_URL);
    this.address = readAddress("DR_HARBOR_ADDRESS", environment.DR_HARBOR_ADDRESS);
  }

  /** Sends a request; URLs of other hosts, such as a redirect to the object store, go where they point. */
  send(target: string, options: HarborRequest = {}): Promise<Answer> {
    const url = new URL(target, this.external);
    return request(url, {
      timeoutMs: options.timeoutMs ?? LIMIT_MS,
      ...(options.method ? { method: options.method } : {}),
      ...(options.headers ? { headers: options.headers } : {}),
      ...(options.body === undefined ? {} : { body: options.body }),
      ...(url.host === this.external.host ? { connectTo: this.address } : {}),
    });
  }

  /** Harbor's own verdict on its parts: `healthy`, or which are not. */
  async health(): Promise<{ status: string; unhealthy: string[] } | { status: undefined; why: string }> {
    const answer = await this.send("/api/v2.0/health", { timeoutMs: 5000 });
    const body = jsonOf(answer);
    const status = read.text(body, "status");
    if (status === undefined) return { status: undefined, why: `${answer.status} ${excerpt(answer)}` };
    const parts = read.list(body, "components") ?? [];
    const unhealthy = parts
      .filter((part) => read.text(part, "status") !== "healthy")
      .map((part) => `${read.text(part, "name")}: ${read.text(part, "error") ?? "unhealthy"}`);
    return { status: answer.status === 200 ? status : `HTTP ${answer.status}`, unhealthy };
  }

  /** A token for one repository, from the service that the registry names. */
  async token(repository: string, login: string): Promise<string> {
    const challenge = (await this.send("/v2/")).headers["www-authenticate"] ?? "";
    const realm = /realm="([^"]+)"/.exec(challenge)?.[1];
    const service = /service="([^"]+)"/.exec(challenge)?.[1];
    if (realm === undefined || service === undefined) {
      throw new Unanswered(`GET /v2/ names no token service: WWW-Authenticate is \`${challenge}\``);
    }
    const url = new URL(realm, this.external);
    url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${repository}:pull,push`);
    const answer = await this.send(url.href, { headers: { authorization: login } });
    const token = read.text(jsonOf(answer), "token") ?? read.text(jsonOf(answer), "access_token");
    if (token === undefined)
      throw new Unanswered(`${url.origin}${url.pathname} gave no token: ${answer.status} ${excerpt(answer)}`);
    return token;
  }
}

/** Fails with what was answered unless the status is one of those expected. */
export function expectStatus(what: string, answer: Answer, ...expected: readonly number[]): Answer {
  if (expected.includes(answer.status)) return answer;
  throw new Unanswered(`${what}: ${answer.status} ${excerpt(answer)}`);
}
