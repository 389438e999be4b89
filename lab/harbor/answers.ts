/** How the core stand-in answers: JSON bodies, and errors in the two shapes that clients of a registry and of Harbor read. */
import type { IncomingMessage, ServerResponse } from "node:http";

export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  /** As the distribution specification or Harbor's API spells it, e.g. MANIFEST_UNKNOWN. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": text.length,
    ...headers,
  });
  response.end(text);
}

export function answerError(response: ServerResponse, thrown: unknown): void {
  const error =
    thrown instanceof HttpError
      ? thrown
      : new HttpError(500, "UNKNOWN", thrown instanceof Error ? thrown.message : String(thrown));
  if (response.headersSent) {
    // Too late for a status: a cut connection is the only honest answer left.
    response.destroy();
    return;
  }
  const body = { errors: [{ code: error.code, message: error.message }] };
  answerJson(response, error.status, body, error.headers);
}

/** A body that is small by its nature (a manifest, a JSON request). */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > limitBytes) throw new HttpError(413, "SIZE_INVALID", `the body is larger than ${limitBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

export function basicLogin(request: IncomingMessage): Login | undefined {
  const header = request.headers.authorization ?? "";
  if (!/^basic /i.test(header)) return undefined;
  const text = Buffer.from(header.slice(6), "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
