/**
 * What listens inside the operators' own process: nginx's stand-in, which passes connections on to core, and a bare
 * answer to the health probes of the parts that have no server in this lab.
 *
 * Everything here is gone when the operators' process is, and opened again at their next turn.
 */
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** How long connections may take to end after a listener was closed. */
const DRAIN_MS = 2000;
const BAD_GATEWAY = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

interface Open {
  readonly server: Server;
  readonly sockets: Set<Socket>;
  /** What a changed listener differs in, e.g. its certificate. */
  readonly shape: string;
}

const idOf = (at: Address): string => `${at.host}:${at.port}`;

export class Listeners {
  readonly #open = new Map<string, Open>();

  async #listen(at: Address, shape: string, make: () => Server): Promise<void> {
    const id = idOf(at);
    if (this.#open.get(id)?.shape === shape) return;
    await this.close(at);
    const server = make();
    const sockets = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at.port, at.host, resolve);
    });
    this.#open.set(id, { server, sockets, shape });
  }

  /** Passes connections on to the first of `targets` that takes them; without any, 502 as from nginx. */
  async entry(at: Address, targets: () => readonly Address[], certificate?: Certificate): Promise<void> {
    const serve = (client: Socket): void => pass(client, [...targets()]);
    if (certificate === undefined) return await this.#listen(at, "plain", () => createServer(serve));
    await this.#listen(at, `tls ${certificate.cert}`, () => createTlsServer({ ...certificate }, serve));
  }

  /** The chart's nginx sends plain HTTP to HTTPS where TLS is on. */
  async redirect(at: Address, externalUrl: string): Promise<void> {
    await this.#listen(at, `redirect ${externalUrl}`, () =>
      createHttpServer((request, response) => {
        response.writeHead(308, { location: new URL(request.url ?? "/", externalUrl).href }).end();
      }),
    );
  }

  async answerProbes(at: Address, part: string): Promise<void> {
    await this.#listen(at, `probe ${part}`, () =>
      createHttpServer((_request, response) => {
        response.writeHead(200, { "content-type": "text/plain" }).end(`${part} has no server in this lab\n`);
      }),
    );
  }

  /** No new connections at once; those that are busy get a moment to end. */
  async close(at: Address): Promise<void> {
    const open = this.#open.get(idOf(at));
    if (open === undefined) return;
    this.#open.delete(idOf(at));
    const closed = new Promise<void>((resolve) => {
      open.server.close(() => resolve());
    });
    const cut = setTimeout(() => {
      for (const socket of open.sockets) socket.destroy();
    }, DRAIN_MS);
    for (const socket of open.sockets) if (socket.bytesRead === 0) socket.destroy();
    await closed;
    clearTimeout(cut);
  }
}

function pass(client: Socket, targets: Address[]): void {
  const target = targets.shift();
  if (target === undefined) {
    client.end(BAD_GATEWAY);
    return;
  }
  const upstream = connect({ ...target, allowHalfOpen: true });
  let connected = false;
  upstream.on("connect", () => {
    connected = true;
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.pipe(upstream);
    upstream.pipe(client);
  });
  upstream.on("error", () => {
    if (connected) client.destroy();
    else pass(client, targets);
  });
  upstream.on("close", () => {
    if (connected) client.destroy();
  });
  client.on("close", () => upstream.destroy());
}
