/**
 * Asks a Redis server for its pulse in Redis's own protocol, for the health of the core stand-in. Two commands do
 * not need a client library.
 */
import { connect } from "node:net";

const LIMIT_MS = 2000;

const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;

export async function pingRedis(at: {
  readonly host: string;
  readonly port: number;
  readonly password?: string | undefined;
}): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: at.host, port: at.port });
    let answer = "";
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new Error(`redis ${at.host}:${at.port}: ${reason}`));
    };
    socket.setTimeout(LIMIT_MS, () => fail(`no answer within ${LIMIT_MS} ms`));
    socket.on("error", (error) => fail(error.message));
    socket.on("close", () => fail("closed the connection"));
    socket.on("connect", () => {
      const login = at.password === undefined ? "" : command("AUTH", at.password);
      socket.write(`${login}${command("PING")}`);
    });
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("utf8");
      const refusal = /^-(.*)\r$/m.exec(answer);
      if (refusal !== null) return fail(refusal[1] ?? "refused");
      if (!answer.includes("+PONG\r\n")) return;
      socket.removeAllListeners("close");
      socket.destroy();
      resolve();
    });
  });
}
