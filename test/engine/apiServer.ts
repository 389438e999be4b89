/**
 * One real API server with its etcd on loopback ports of their own, for the conformance cases. Binaries come from
 * KUBEBUILDER_ASSETS or the cache that `npm run setup` fills. No controller manager runs: a small loop stands in for
 * the garbage collector, which objects that the genuine plugin deletes "in the foreground" wait for.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubernetesApi } from "../../lab/pulumi/kubernetesApi.ts";
import { loadCluster } from "../../lab/pulumi/kubernetesConfig.ts";
import { buildGoTool } from "../../lab/setup/goTools.ts";
import { waitFor } from "../../lab/wait.ts";

const TOKEN = "conformance";
/** A test run that is killed leaves no server behind, where util-linux has the word for it. */
const ENDS_WITH_PARENT = 'command -v setpriv >/dev/null && exec setpriv --pdeathsig KILL "$@"; exec "$@"';
/** Collections whose finalizers the loop takes off. */
const COLLECTED = [
  "/api/v1/configmaps",
  "/api/v1/secrets",
  "/api/v1/services",
  "/apis/apps/v1/deployments",
  "/apis/conformance.example/v1/widgets",
];

export interface ApiServer {
  readonly kubeconfig: string;
  readonly api: KubernetesApi;
  stop(): Promise<void>;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((done, failed) => {
          server.once("error", failed);
          server.listen(0, "127.0.0.1", () => {
            const address = server.address();
            done(typeof address === "object" && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

export function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "conformance",
    contexts: [{ name: "conformance", context: { cluster: "conformance", user: "admin", namespace: "default" } }],
    clusters: [{ name: "conformance", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "admin", user: { token: TOKEN } }],
  });
}

async function collectGarbage(api: KubernetesApi): Promise<void> {
  for (const path of COLLECTED) {
    const list = await api.ask("GET", path).catch(() => undefined);
    for (const item of Array.isArray(list?.items) ? list.items : []) {
      const { metadata } = item as {
        metadata: { name: string; namespace: string; deletionTimestamp?: string; finalizers?: string[] };
      };
      if (metadata.deletionTimestamp === undefined || !metadata.finalizers?.includes("foregroundDeletion")) continue;
      const [root, plural] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
      const body = { metadata: { finalizers: metadata.finalizers.filter((name) => name !== "foregroundDeletion") } };
      await api
        .ask("PATCH", `${root}/namespaces/${metadata.namespace}/${plural}/${metadata.name}`, {
          body,
          contentType: "application/merge-patch+json",
        })
        .catch(() => undefined);
    }
  }
}

export async function startApiServer(): Promise<ApiServer> {
  const report = () => undefined;
  const etcd = await buildGoTool("etcd", report);
  const apiserver = await buildGoTool("kube-apiserver", report);
  const dir = mkdtempSync(join(tmpdir(), "harbor-dr-engine-"));
  mkdirSync(join(dir, "certs"));
  const [client = 0, peer = 0, secure = 0] = await freePorts(3);
  const children: ChildProcess[] = [];
  const start = (name: string, file: string, args: string[]) => {
    const log = createWriteStream(join(dir, `${name}.log`));
    const child = spawn("sh", ["-c", ENDS_WITH_PARENT, "start", file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.push(child);
    child.once("exit", () => log.end());
  };
  const etcdUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  start("etcd", etcd, [
    `--data-dir=${join(dir, "etcd")}`,
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    "--unsafe-no-fsync",
  ]);
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(join(dir, "sa.key"), keys.privateKey.export({ format: "pem", type: "pkcs1" }), { mode: 0o600 });
  writeFileSync(join(dir, "sa.pub"), keys.publicKey.export({ format: "pem", type: "spki" }));
  writeFileSync(join(dir, "tokens.csv"), `${TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });
  start("kube-apiserver", apiserver, [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${secure}`,
    `--cert-dir=${join(dir, "certs")}`,
    `--service-account-key-file=${join(dir, "sa.pub")}`,
    `--service-account-signing-key-file=${join(dir, "sa.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--token-auth-file=${join(dir, "tokens.csv")}`,
    "--service-cluster-ip-range=10.96.0.0/16",
    "--authorization-mode=AlwaysAllow",
    "--disable-admission-plugins=ServiceAccount",
  ]);
  const kubeconfig = join(dir, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigFor(`https://127.0.0.1:${secure}`), { mode: 0o600 });
  const api = new KubernetesApi(loadCluster((name) => (name === "kubeconfig" ? kubeconfig : undefined)));
  const stop = async () => {
    clearInterval(collecting);
    const ended = children.map(
      (child) => (child.exitCode ?? child.signalCode) === null && new Promise((done) => child.once("exit", done)),
    );
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(ended);
    rmSync(dir, { recursive: true, force: true });
  };
  const collecting = setInterval(() => void collectGarbage(api), 500);
  try {
    await waitFor("the API server's default namespace", async () => api.ask("GET", "/api/v1/namespaces/default"), {
      seconds: 60,
    });
  } catch (problem) {
    const log = readFileSync(join(dir, "kube-apiserver.log"), "utf8").slice(-1500);
    await stop();
    throw new Error(
      `${problem instanceof Error ? problem.message : String(problem)}\nlast lines of the API server:\n${log}`,
    );
  }
  return { kubeconfig, api, stop };
}
