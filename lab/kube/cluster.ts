/**
 * One site's Kubernetes: etcd and kube-apiserver as released, and kwok where a cluster would have its kubelets.
 *
 * There is no controller manager and no scheduler: nothing collects garbage, finishes a deleted namespace, makes
 * service-account tokens or places pods. Operators of the lab do for themselves what they need of that.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { checkout, dataDir, type LabSite } from "../layout.ts";
import { SERVICE_RANGE } from "../network.ts";
import { requireGoTool } from "../setup/goTools.ts";
import { logTail, type Supervisor } from "../supervisor.ts";
import { waitFor } from "../wait.ts";
import { API_PORT, credentialFiles, makeCredentials } from "./credentials.ts";
import {
  type ApiAccess,
  collectionPath,
  type Json,
  type KubeObject,
  kubeRequest,
  objectPath,
  readAccess,
} from "./rest.ts";

/** Where users bring the program's objects; a real cluster has them before the first `pulumi up`, too. */
export const NAMESPACES = ["harbor", "rook-ceph"] as const;
const KUBELET_PORT = 10250;
const MANIFESTS = join(checkout, "lab", "kube", "manifests");
/** What the documentation tells users to give their runner: the lab lives with the same. */
const RUNNER = join(checkout, "docs", "rbac", "runner.yaml");
const DEFINITIONS = join(checkout, "lab", "crds");
const START_SECONDS = 120;

export const adminConfig = (site: LabSite): ApiAccess => readAccess(credentialFiles(site).kubeconfig);

/** Admin of the site from outside of it, through the site's address. */
export const adminConfigFrom = (kubeconfig: string, site: LabSite): ApiAccess =>
  readAccess(kubeconfig, `${site.site}-admin`);

export async function startEtcd(site: LabSite, processes: Supervisor): Promise<void> {
  const dir = dataDir(site, "etcd");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  await processes.start("etcd", [
    requireGoTool("etcd"),
    `--data-dir=${dir}`,
    "--listen-client-urls=http://127.0.0.1:2379",
    "--advertise-client-urls=http://127.0.0.1:2379",
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--log-level=warn",
    // A site dies by SIGKILL here, never by loss of power, so what was written survives in the page cache.
    "--unsafe-no-fsync",
  ]);
}

export async function startApiServer(site: LabSite, processes: Supervisor): Promise<void> {
  await makeCredentials(site);
  const files = credentialFiles(site);
  await processes.start("kube-apiserver", [
    requireGoTool("kube-apiserver"),
    "--etcd-servers=http://127.0.0.1:2379",
    "--bind-address=0.0.0.0",
    `--advertise-address=${site.address}`,
    `--secure-port=${API_PORT}`,
    `--tls-cert-file=${files.certificate}`,
    `--tls-private-key-file=${files.key}`,
    `--service-account-key-file=${files.serviceAccountKey}`,
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--token-auth-file=${files.tokens}`,
    "--authorization-mode=RBAC",
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    // No controller manager makes service accounts, and their admission would refuse every pod.
    "--disable-admission-plugins=ServiceAccount",
  ]);
}

async function startKwok(site: LabSite, processes: Supervisor): Promise<void> {
  const config = join(dataDir(site, "kube"), "kwok.yaml");
  const options = {
    enableCRDs: ["Exec"],
    manageAllNodes: true,
    nodeIP: "127.0.0.1",
    nodePort: KUBELET_PORT,
    serverAddress: `127.0.0.1:${KUBELET_PORT}`,
    enableDebuggingHandlers: true,
    nodePlayStageParallelism: 1,
    podPlayStageParallelism: 4,
  };
  const header = { apiVersion: "config.kwok.x-k8s.io/v1alpha1", kind: "KwokConfiguration", options };
  writeFileSync(config, `${JSON.stringify(header)}\n---\n${readFileSync(join(MANIFESTS, "stages.yaml"), "utf8")}`);
  await processes.start("kwok", [
    requireGoTool("kwok"),
    `--config=${config}`,
    `--kubeconfig=${credentialFiles(site).kubeconfig}`,
    "--node-lease-duration-seconds=0",
  ]);
}

async function applyAsLab(kc: ApiAccess, object: object): Promise<void> {
  const path = `${await objectPath(kc, object as KubeObject)}?fieldManager=harbor-dr-lab&force=true`;
  await kubeRequest(kc, { method: "PATCH", path, body: object, contentType: "application/apply-patch+yaml" });
}

export function readManifest(file: string): KubeObject[] {
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => {
    const problem = document.errors[0];
    if (problem !== undefined) throw new Error(`${file}: ${problem.message}`);
    return document.toJS() as KubeObject;
  });
}

function definitionFiles(): string[] {
  const ours = readdirSync(DEFINITIONS).filter((file) => file.endsWith(".yaml"));
  return [join(MANIFESTS, "exec-crd.yaml"), ...ours.sort().map((file) => join(DEFINITIONS, file))];
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

/** Established, and past the moment after it in which requests are still answered with "storage is initializing". */
async function served(kc: ApiAccess, definition: KubeObject): Promise<void> {
  const name = definition.metadata?.name ?? "";
  const { group, names, versions } = (definition as KubeObject & Definition).spec;
  await waitFor(
    `definition ${name} to be established and served`,
    async (seen) => {
      const path = `${collectionPath("apiextensions.k8s.io/v1", "customresourcedefinitions")}/${name}`;
      const { status } = (await kubeRequest(kc, { path })) as { status?: { conditions?: Json[] } };
      const conditions = status?.conditions ?? [];
      for (const one of conditions) seen(`${String(one.type)}=${String(one.status)} ${String(one.message ?? "")}`);
      if (!conditions.some((one) => one.type === "Established" && one.status === "True")) return undefined;
      await kubeRequest(kc, { path: `${collectionPath(`${group}/${versions[0]?.name}`, names.plural)}?limit=1` });
      return true;
    },
    { seconds: 20, everyMs: 50 },
  );
}

/** The API server answers and its own start-up work is done. */
export async function apiReady(site: LabSite, kc: ApiAccess, processes: Supervisor): Promise<void> {
  await waitFor(
    `the API server of ${site.site}`,
    async () => {
      for (const name of ["etcd", "kube-apiserver"]) {
        if (!processes.running(name))
          throw new Error(`${name} ended; end of its log:\n${logTail(processes.logOf(name), 4)}`);
      }
      await kubeRequest(kc, { path: "/readyz" });
      return true;
    },
    { seconds: START_SECONDS, everyMs: 100 },
  );
}

/** From nothing, or with the site's old data, to a cluster that takes the program's objects. */
export async function startKubernetes(site: LabSite, kubeconfig: string, processes: Supervisor): Promise<void> {
  await Promise.all([startEtcd(site, processes), startApiServer(site, processes)]);
  const kc = adminConfigFrom(kubeconfig, site);
  await apiReady(site, kc, processes);
  const definitions = definitionFiles().flatMap(readManifest);
  await Promise.all(definitions.map(async (definition) => await applyAsLab(kc, definition)));
  const namespaces = NAMESPACES.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: `${site.site}-node` } };
  await Promise.all([...namespaces, node].map(async (object) => await applyAsLab(kc, object)));
  for (const object of readManifest(RUNNER)) await applyAsLab(kc, object);
  await Promise.all(definitions.map(async (definition) => await served(kc, definition)));
  await startKwok(site, processes);
}

/** Pods are as mortal as the machine: after a dark site's start none of the old ones is running. */
export async function forgetPods(kubeconfig: string, site: LabSite): Promise<void> {
  const kc = adminConfigFrom(kubeconfig, site);
  const { items } = await kubeRequest<{ items: KubeObject[] }>(kc, { path: collectionPath("v1", "pods") });
  await Promise.all(
    items.map(async ({ metadata }) => {
      const path = `${collectionPath("v1", "pods", metadata?.namespace)}/${metadata?.name}?gracePeriodSeconds=0`;
      await kubeRequest(kc, { method: "DELETE", path });
    }),
  );
}
