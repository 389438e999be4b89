/**
 * Runs a command in a pod over the Kubernetes API, as `kubectl exec` does. Secrets go in by stdin
 * only, because the words of the command land in the API server's audit log. Every call has a limit.
 * A real kubelet reports the exit code as a cause of the status; kwok puts it into an error text.
 */
import type WebSocket from "ws";
import { ClusterApi, type Pod } from "./cluster.ts";
import { clusterAccess } from "./kubeconfig.ts";
import { Unanswered } from "./outcome.ts";

/** What a command in a pod came to. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface ExecOptions {
  /** Container; absent means the pod's only or default one. */
  readonly container?: string;
  readonly stdin?: string;
  readonly timeoutMs: number;
}

/** Pods of one cluster: found by label, and commands run in them. Tests give their own. */
export interface Pods {
  list(namespace: string, labels: Readonly<Record<string, string>>): Promise<Pod[]>;
  exec(pod: Pod, command: readonly string[], options: ExecOptions): Promise<ExecResult>;
}

/** Channels of the protocol. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const CLOSE = 255;
const V5 = "v5.channel.k8s.io";

/** Connects to the cluster that a step's environment names. */
export async function connect(environment: {
  readonly DR_KUBECONFIG?: string;
  readonly DR_KUBE_CONTEXT?: string;
}): Promise<{ api: ClusterApi; pods: Pods }> {
  const access = await clusterAccess({ kubeconfig: environment.DR_KUBECONFIG, context: environment.DR_KUBE_CONTEXT });
  const api = new ClusterApi(access);
  return {
    api,
    pods: {
      list: (namespace, labels) => api.pods(namespace, labels),
      exec: (pod, command, options) => exec(api, pod, command, options),
    },
  };
}

async function exec(api: ClusterApi, pod: Pod, command: readonly string[], options: ExecOptions): Promise<ExecResult> {
  const { default: Socket } = await import("ws");
  const { server, headers, tls } = api.access;
  const { name, namespace } = pod.metadata;
  const url = new URL(`${server.pathname.replace(/\/$/, "")}/api/v1/namespaces/${namespace}/pods/${name}/exec`, server);
  url.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  for (const word of command) url.searchParams.append("command", word);
  if (options.container) url.searchParams.append("container", options.container);
  if (options.stdin !== undefined) url.searchParams.append("stdin", "true");
  url.searchParams.append("stdout", "true");
  url.searchParams.append("stderr", "true");
  const socket = new Socket(url, [V5, "v4.channel.k8s.io"], { headers: { ...headers }, ...tls });
  return new Promise((resolve, reject) => {
    const output: Record<number, Buffer[]> = { [STDOUT]: [], [STDERR]: [], [STATUS]: [] };
    const text = (channel: number) => Buffer.concat(output[channel] ?? []).toString("utf8");
    const end = (settle: () => void) => {
      clearTimeout(timer);
      settle();
      socket.terminate();
    };
    const fail = (why: string) =>
      end(() => reject(new Unanswered(`exec in ${namespace}/${name}: ${why}${lastLine(text(STDERR))}`)));
    const timer = setTimeout(
      () => fail(`no result within ${(options.timeoutMs / 1000).toFixed(1)} s`),
      options.timeoutMs,
    );
    socket.on("open", () => sendInput(socket, options.stdin));
    socket.on("message", (data: Buffer) => output[data[0] ?? STATUS]?.push(data.subarray(1)));
    socket.on("unexpected-response", (_request, response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => fail(`${response.statusCode} ${messageOf(Buffer.concat(chunks).toString("utf8"))}`));
    });
    socket.on("error", (error) => fail(error.message));
    socket.on("close", (code) => {
      const status = text(STATUS);
      const exitCode = exitCodeOf(status);
      if (exitCode === undefined) return fail(status === "" ? `the connection closed (${code})` : messageOf(status));
      end(() => resolve({ exitCode, stdout: text(STDOUT), stderr: text(STDERR) }));
    });
  });
}

function sendInput(socket: WebSocket, stdin: string | undefined): void {
  if (stdin === undefined) return;
  socket.send(Buffer.concat([Buffer.of(STDIN), Buffer.from(stdin)]));
  // Only version 5 of the protocol can say that the input has ended; scripts given to older servers end by themselves.
  if (socket.protocol === V5) socket.send(Buffer.of(CLOSE, STDIN));
}

/** The exit code out of the final status; undefined when the command was not run to its end. */
export function exitCodeOf(status: string): number | undefined {
  let parsed: {
    status?: string;
    message?: string;
    details?: { causes?: { reason?: string; message?: string }[] };
  };
  try {
    parsed = JSON.parse(status);
  } catch {
    return undefined;
  }
  if (parsed.status === "Success") return 0;
  const cause = (parsed.details?.causes ?? []).find(({ reason }) => reason === "ExitCode")?.message;
  const code = cause ?? /(?:exit status|exit code) (\d+)/.exec(parsed.message ?? "")?.[1];
  return code === undefined ? undefined : Number(code);
}

function messageOf(status: string): string {
  try {
    return (JSON.parse(status) as { message?: string }).message ?? status;
  } catch {
    return status.trim().slice(0, 300);
  }
}

const lastLine = (text: string): string => {
  const line = text.trim().split("\n").at(-1);
  return line ? `; it said: ${line}` : "";
};
