/** The little of the Kubernetes API that steps use: read an object, list pods. Every call has a limit. */
import type { ClusterAccess } from "./kubeconfig.ts";
import { StepFailure, Unanswered } from "./outcome.ts";
import { excerpt, jsonOf, request } from "./request.ts";

/** What a step looks at of a pod. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Any object, read only. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** Limit of one API call. */
export const API_LIMIT_MS = 10_000;

/** Reads of one cluster. */
export class ClusterApi {
  readonly access: ClusterAccess;

  constructor(access: ClusterAccess) {
    this.access = access;
  }

  /** The object or list at a path; undefined when there is none. */
  async get(path: string, timeoutMs = API_LIMIT_MS): Promise<ApiObject | undefined> {
    const { server, headers, tls } = this.access;
    const base = server.pathname.replace(/\/$/, "");
    const answer = await request(new URL(`${base}${path}`, server), {
      timeoutMs,
      headers: { ...headers, accept: "application/json" },
      tls,
    });
    const body = jsonOf(answer) as (ApiObject & { message?: string }) | undefined;
    if (answer.status === 404) return undefined;
    if (answer.status >= 200 && answer.status < 300 && body !== undefined) return body;
    const said = `${answer.status} ${body?.message ?? excerpt(answer)}`;
    if (answer.status === 401) {
      throw new StepFailure(
        `${server.origin} does not accept the kubeconfig's credentials: ${said}`,
        "Renew them, or choose another context: `pulumi config set kubeContext <context>`.",
      );
    }
    if (answer.status === 403) {
      throw new StepFailure(
        `${server.origin} refuses ${path}: ${said}`,
        "Give the runner the rights that docs/security.md lists.",
      );
    }
    throw new Unanswered(`${server.origin}${path}: ${said}`);
  }

  /** Pods by label, those that are being deleted included. */
  async pods(namespace: string, labels: Readonly<Record<string, string>>, timeoutMs = API_LIMIT_MS): Promise<Pod[]> {
    const selector = Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(",");
    const list = await this.get(
      `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`,
      timeoutMs,
    );
    return (list?.items ?? []) as Pod[];
  }
}

/** Whether a pod serves. */
export const isReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");

/** A pod and how it is, for a progress line. */
export const podState = (pod: Pod): string => {
  const state = pod.metadata.deletionTimestamp ? "ending" : isReady(pod) ? "ready" : (pod.status?.phase ?? "unknown");
  return `${pod.metadata.name} ${state}`;
};
