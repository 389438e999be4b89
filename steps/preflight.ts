/**
 * Looks, before anything is changed, whether this site can be worked on at all: the kubeconfig, its
 * context, the API server within seconds, the operators' kinds, the namespaces. Everything that is
 * wrong is reported at once, because a preview that fails five times in a row is no help.
 */
import { ClusterApi } from "./cluster.ts";
import { readList } from "./environment.ts";
import { clusterAccess } from "./kubeconfig.ts";
import { type Evidence, StepFailure, Unanswered } from "./outcome.ts";
import { read } from "./shape.ts";
import { type StepContext, stepMain } from "./step.ts";

type Context = StepContext<"preflight">;

/** How long an API server may take to answer. */
const LIMIT_MS = 5000;

/** Which operator brings which kinds, for the remedy. */
const OPERATORS: Readonly<Record<string, string>> = {
  "acid.zalan.do": "the PostgreSQL operator",
  "ceph.rook.io": "Rook-Ceph",
  "operator.alaudadevops.io": "the Harbor operator",
  "externaldns.k8s.io": "external-dns with its CRD",
};

/** Looks at everything at once. */
export async function preflight(context: Context): Promise<Evidence> {
  const { environment, progress } = context;
  const access = await clusterAccess({ kubeconfig: environment.DR_KUBECONFIG, context: environment.DR_KUBE_CONTEXT });
  const api = new ClusterApi(access);
  await expectAnswer(api);
  progress.saw("API server", `${access.server.origin} answers`);
  const kinds = readList(environment.DR_REQUIRED_KINDS);
  const namespaces = readList(environment.DR_REQUIRED_NAMESPACES);
  const groups = [...new Set(kinds.map((kind) => kind.slice(0, kind.lastIndexOf("/"))))];
  const [missingKinds, missingNamespaces] = await Promise.all([
    Promise.all(groups.map((group) => kindsMissingOf(api, group, kinds))),
    Promise.all(namespaces.map((name) => namespaceMissing(api, name))),
  ]);
  const problems = [...missingKinds.flat(), ...missingNamespaces.flat()];
  if (problems.length > 0) {
    const where = environment.DR_KUBE_CONTEXT ? ` (context ${environment.DR_KUBE_CONTEXT})` : "";
    throw new StepFailure(
      `${problems.length} problem${problems.length > 1 ? "s" : ""} on ${access.server.origin}${where}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
      "Correct them all, then run `pulumi preview` again. Nothing was changed.",
    );
  }
  return {
    proved: `${access.server.origin} answers, and has ${kinds.length} kinds and ${namespaces.length} namespaces that are needed`,
    seen: { server: access.server.origin, kinds, namespaces },
  };
}

async function expectAnswer(api: ClusterApi): Promise<void> {
  try {
    await api.get("/version", LIMIT_MS);
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    throw new StepFailure(
      `the API server does not answer: ${error.message}`,
      "Is the cluster up, and reachable from here? Else choose another: `pulumi config set kubeContext <context>` or `pulumi config set kubeconfig <path>`. In a failover, apply the stack of the site that is alive.",
    );
  }
}

/** Kinds of one group and version that the server does not have. */
async function kindsMissingOf(api: ClusterApi, group: string, kinds: readonly string[]): Promise<string[]> {
  const list = await api.get(`/apis/${group}`, LIMIT_MS);
  const served = new Set((read.list(list, "resources") ?? []).map((resource) => read.text(resource, "name")));
  const operator = OPERATORS[group.split("/")[0] ?? ""] ?? "the operator that brings it";
  return kinds
    .filter((kind) => kind.startsWith(`${group}/`) && !served.has(kind.slice(group.length + 1)))
    .map((kind) => `kind ${kind} is missing: install ${operator}, or the version of it that has ${group}`);
}

async function namespaceMissing(api: ClusterApi, name: string): Promise<string[]> {
  if ((await api.get(`/api/v1/namespaces/${name}`, LIMIT_MS)) !== undefined) return [];
  return [
    `namespace ${name} is missing: \`kubectl create namespace ${name}\`, or correct its name in the configuration`,
  ];
}

stepMain(import.meta.url, "preflight", preflight);
