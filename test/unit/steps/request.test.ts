/** Requests to one address: answers, silence, and the limit of each. */
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { jsonOf, NoAnswer, request } from "../../../steps/request.ts";

const open: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen<Some extends Server | TcpServer>(server: Some): Promise<{ host: string; port: number }> {
  open.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

const failure = async (promise: Promise<unknown>): Promise<NoAnswer> => {
  const error: unknown = await promise.catch((caught: unknown) => caught);
  if (error instanceof NoAnswer) return error;
  throw new Error(`expected NoAnswer, got ${String(error)}`);
};

describe("request", () => {
  it("connects where it is told, under the name of the URL", async () => {
    const connectTo = await listen(
      createHttpServer((asked, answer) => {
        answer.setHeader("content-type", "application/json");
        answer.end(JSON.stringify({ host: asked.headers.host, path: asked.url }));
      }),
    );
    const answer = await request("http://registry.example.test/v2/?a=b", { timeoutMs: 1000, connectTo });
    expect(jsonOf(answer)).toEqual({ host: "registry.example.test", path: "/v2/?a=b" });
  });

  it("tells an empty port from a server that does not answer", async () => {
    const hangs = await listen(createTcpServer(() => undefined));
    const hung = await failure(request("http://x.test/", { timeoutMs: 100, connectTo: hangs }));
    expect(hung.connected).toBe(true);
    expect(hung.message).toBe(`http://x.test at 127.0.0.1:${hangs.port}: no answer within 0.1 s`);
    const gone = await listen(createTcpServer());
    await new Promise((done) => open.pop()?.close(done));
    const refused = await failure(request("http://x.test/", { timeoutMs: 1000, connectTo: gone }));
    expect(refused.connected).toBe(false);
    expect(refused.message).toContain("ECONNREFUSED");
  });

  it("does not wait for an answer that never ends", async () => {
    const connectTo = await listen(
      createHttpServer((_asked, answer) => {
        answer.write("a");
      }),
    );
    expect((await failure(request("http://x.test/", { timeoutMs: 200, connectTo }))).connected).toBe(true);
  });
});
