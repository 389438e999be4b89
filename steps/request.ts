/**
 * One HTTP request with a limit of its own. A check asks one certain server, whatever the name in its
 * URL resolves to just now, so the address to connect to can be given apart from the URL; the Host
 * header and the name that TLS asks for stay those of the URL. Node's own client: it costs no start-up.
 */
import * as http from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import * as tls from "node:tls";
import type { Address } from "./environment.ts";
import { Unanswered } from "./outcome.ts";

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** How to ask. */
export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Limit of the whole exchange. */
  readonly timeoutMs: number;
  /** Where to connect, when that is not the URL's own host. */
  readonly connectTo?: Address;
  readonly tls?: Pick<tls.SecureContextOptions, "ca" | "cert" | "key"> & {
    readonly rejectUnauthorized?: boolean;
    readonly servername?: string;
  };
}

/** No answer that a step reads is larger. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The request was not answered; `connected` tells an empty port from a server that does not answer. */
export class NoAnswer extends Unanswered {
  readonly connected: boolean;
  constructor(message: string, connected: boolean) {
    super(message);
    this.connected = connected;
  }
}

/** Sends one request and reads the whole answer. Redirects are answers like any other. */
export function request(target: URL | string, options: RequestOptions): Promise<Answer> {
  const url = new URL(target);
  const to = options.connectTo ?? { host: url.hostname.replace(/^\[|\]$/g, ""), port: portOf(url) };
  const where = `${url.origin}${options.connectTo ? ` at ${to.host}:${to.port}` : ""}`;
  const secure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    let connected = false;
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new NoAnswer(`${where}: ${why}`, connected));
      sent.destroy();
    };
    const timer = setTimeout(
      () => fail(`${connected ? "no answer" : "no connection"} within ${(options.timeoutMs / 1000).toFixed(1)} s`),
      options.timeoutMs,
    );
    const common: http.RequestOptions = {
      host: to.host,
      port: to.port,
      path: `${url.pathname}${url.search}`,
      method: options.method ?? "GET",
      agent: false,
      headers: {
        host: url.host,
        connection: "close",
        ...(options.body === undefined ? {} : { "content-length": String(Buffer.byteLength(options.body)) }),
        ...options.headers,
      },
    };
    const sent = secure ? https.request({ ...common, ...secureOptions(url, options) }) : http.request(common);
    sent.on("socket", (socket) => socket.once("connect", () => (connected = true)));
    sent.on("error", (error) => fail(error.message));
    sent.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("error", (error) => fail(error.message));
      response.on("aborted", () => fail("the connection was closed in the middle of the answer"));
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) fail(`the answer is larger than ${MAX_BYTES} bytes`);
        else chunks.push(chunk);
      });
      response.on("end", () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    sent.end(options.body);
  });
}

/** The body as JSON, or undefined when it is none. */
export function jsonOf(answer: Answer): unknown {
  try {
    return JSON.parse(answer.body.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The first line of an answer's body, for an error. */
export const excerpt = (answer: Answer): string =>
  answer.body.toString("utf8").replaceAll(/\s+/g, " ").trim().slice(0, 200);

function secureOptions(url: URL, options: RequestOptions): https.RequestOptions {
  const { servername = url.hostname, ...given } = options.tls ?? {};
  return {
    ...given,
    ...(isIP(servername) === 0 ? { servername } : {}),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(servername, certificate),
  };
}

const portOf = (url: URL): number => Number(url.port) || (url.protocol === "https:" ? 443 : 80);
