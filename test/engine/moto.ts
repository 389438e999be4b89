/**
 * moto's server behind a proxy that notes who was asked what: the tests of Route 53 count writes, and look at the
 * zone the whole time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, request } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { ListResourceRecordSetsCommand, Route53Client } from "@aws-sdk/client-route-53";
import { installMoto } from "../../lab/setup/moto.ts";
import { waitFor } from "../../lab/wait.ts";

export interface Moto {
  /** Environment of every AWS tool that is to ask this server. */
  readonly env: Readonly<Record<string, string>>;
  readonly client: Route53Client;
  /** Bodies of the requests that changed records, and those that assumed a role. */
  readonly writes: string[];
  readonly roles: string[];
  /** Values of the name's records, by type. */
  records(zoneId: string, hostname: string): Promise<Record<string, string[]>>;
  close(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const python = await installMoto(() => undefined);
  const port = await freePort();
  const child: ChildProcess = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
  });
  const [writes, roles] = [[] as string[], [] as string[]];
  const proxy = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      const text = body.toString("utf8");
      if (incoming.method === "POST" && /\/rrset\/?$/.test(incoming.url ?? "")) writes.push(text);
      if (text.includes("Action=AssumeRole")) roles.push(decodeURIComponent(text));
      const { method, url, headers } = incoming;
      const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  const client = new Route53Client({ region: "us-east-1", endpoint, credentials });
  const close = async () => {
    client.destroy();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGKILL")) await ended;
  };
  const answers = () =>
    fetch(`${endpoint}/moto-api/data.json`).then(
      ({ ok }) => ok || undefined,
      () => undefined,
    );
  await waitFor("moto's server", answers, { seconds: 60, everyMs: 200 }).catch(async (problem: unknown) => {
    await close();
    throw problem;
  });
  return {
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: "us-east-1",
    },
    client,
    writes,
    roles,
    records: async (zoneId, hostname) => {
      const { ResourceRecordSets = [] } = await client.send(
        new ListResourceRecordSetsCommand({ HostedZoneId: zoneId }),
      );
      const own = ResourceRecordSets.filter(({ Name }) => Name === `${hostname}.`);
      return Object.fromEntries(
        own.map(({ Type = "", ResourceRecords = [] }) => [Type, ResourceRecords.map(({ Value = "" }) => Value)]),
      );
    },
    close,
  };
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
