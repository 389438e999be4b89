/** An API server that is just enough for steps: objects by path, and pods that run a function on exec. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { WebSocketServer } from "ws";

/** What ran in a pod. */
export interface FakeExec {
  readonly pod: string;
  readonly command: readonly string[];
  readonly stdin: string;
}

/** What it came to. `status` overrides the final status, as a real kubelet or kwok words it. */
export interface FakeResult {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  readonly status?: object;
}

/** A running fake. */
export interface FakeCluster {
  readonly kubeconfig: string;
  readonly execs: FakeExec[];
  close(): Promise<void>;
}

/** Starts one. Nothing but `objects` exists; lists are objects too. */
export async function fakeCluster(
  objects: Readonly<Record<string, object>>,
  run: (exec: FakeExec) => FakeResult | undefined = () => ({}),
  protocols: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"],
): Promise<FakeCluster> {
  const execs: FakeExec[] = [];
  const server: Server = createServer((asked, answer) => {
    const found =
      asked.headers.authorization === "Bearer let-me-in"
        ? objects[decodeURIComponent(asked.url ?? "")]
        : { message: "who are you" };
    answer.statusCode = asked.headers.authorization === "Bearer let-me-in" ? (found ? 200 : 404) : 401;
    answer.end(JSON.stringify(found ?? { message: `${asked.url} not found` }));
  });
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
  });
  sockets.on("connection", (socket, asked) => {
    const url = new URL(asked.url ?? "", "http://fake");
    let stdin = "";
    const finish = () => {
      const exec = { pod: url.pathname.split("/")[6] ?? "", command: url.searchParams.getAll("command"), stdin };
      execs.push(exec);
      const result = run(exec);
      if (result === undefined) return;
      const { stdout = "", stderr = "", exitCode = 0 } = result;
      if (stdout) socket.send(Buffer.concat([Buffer.of(1), Buffer.from(stdout)]));
      if (stderr) socket.send(Buffer.concat([Buffer.of(2), Buffer.from(stderr)]));
      const failed = { status: "Failure", details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] } };
      const status = result.status ?? (exitCode === 0 ? { status: "Success" } : failed);
      socket.send(Buffer.concat([Buffer.of(3), Buffer.from(JSON.stringify(status))]));
      socket.close(1000);
    };
    if (url.searchParams.get("stdin") !== "true") finish();
    socket.on("message", (data: Buffer) => {
      if (data[0] === 0) stdin += data.subarray(1).toString("utf8");
      if (data[0] === 0 && socket.protocol !== "v5.channel.k8s.io") finish();
      if (data[0] === 255) finish();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const folder = await mkdtemp(path.join(tmpdir(), "harbor-dr-steps-"));
  const kubeconfig = path.join(folder, "kubeconfig");
  const { port } = server.address() as AddressInfo;
  await writeFile(
    kubeconfig,
    JSON.stringify({
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: "u", user: { token: "let-me-in" } }],
    }),
  );
  return {
    kubeconfig,
    execs,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(folder, { recursive: true });
    },
  };
}

/** A ready pod. */
export const readyPod = (namespace: string, name: string, labels: Readonly<Record<string, string>> = {}) => ({
  metadata: { namespace, name, labels },
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
});
