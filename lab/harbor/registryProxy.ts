/**
 * The way from the core stand-in to the registry behind it: blobs are streamed both ways, never held in memory, and
 * the client's token is exchanged for the registry's own credentials, as Harbor's core does.
 */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { HttpError } from "./answers.ts";
import type { CoreSettings } from "./settings.ts";

/** Headers that belong to one connection, or to the client's login at core. */
const NOT_PASSED_ON = new Set([
  "authorization",
  "connection",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export class RegistryProxy {
  readonly #base: URL;
  readonly #authorization: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(registry: CoreSettings["registry"]) {
    this.#base = new URL(registry.url);
    const login = Buffer.from(`${registry.username}:${registry.password}`).toString("base64");
    this.#authorization = `Basic ${login}`;
  }

  #open(method: string, path: string, headers: IncomingMessage["headers"]): ReturnType<typeof httpRequest> {
    const passed = Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_PASSED_ON.has(name)));
    return httpRequest(new URL(path, this.#base), {
      method,
      agent: this.#agent,
      headers: { ...passed, authorization: this.#authorization },
    });
  }

  /** Passes one request through. `path` may differ from the client's own, e.g. a digest in place of a tag. */
  async stream(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const upstream = this.#open(request.method ?? "GET", path, request.headers);
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      upstream.on("response", resolve);
      upstream.on("error", (error) => reject(new HttpError(502, "UNAVAILABLE", `registry: ${error.message}`)));
    });
    // A client that goes away takes its upload along.
    response.on("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    const sent = pipeline(request, upstream).catch(() => undefined);
    const answer = await answered;
    const headers = Object.entries(answer.headers).filter(
      ([name]) => !NOT_PASSED_ON.has(name) && name !== "www-authenticate",
    );
    // The registry refusing core's own credentials is a fault of the installation, not of the client.
    const status = answer.statusCode === 401 ? 502 : (answer.statusCode ?? 502);
    response.writeHead(status, Object.fromEntries(headers));
    await pipeline(answer, response);
    await sent;
  }

  /** For small bodies: the answer is held until the caller has done what must come before it. */
  async whole(method: string, path: string, headers: IncomingMessage["headers"], body?: Buffer): Promise<WholeAnswer> {
    return await new Promise<WholeAnswer>((resolve, reject) => {
      const upstream = this.#open(method, path, headers);
      upstream.on("error", (error) => reject(new HttpError(502, "UNAVAILABLE", `registry: ${error.message}`)));
      upstream.on("response", (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) }),
        );
      });
      upstream.end(body);
    });
  }

  async ping(): Promise<void> {
    const answer = await this.whole("GET", "/v2/", {});
    if (answer.status !== 200) throw new Error(`registry answers ${answer.status} to core's own credentials`);
  }
}
