/**
 * Looks at the site's cluster before anything is declared, at every preview and every `up`: a wrong
 * kubeconfig, a cluster that does not answer, or an operator that was never installed is said at once
 * and in our words, rather than found half-way through.
 */
import * as command from "@pulumi/command";
import { refusal } from "../config/refusal.ts";
import { refusalIn } from "./gate.ts";
import { type StepContext, stepCommand, stepEnvironment } from "./step.ts";

/** What the cluster must have. */
export interface Requirements {
  /** Kinds, as group/version/plural. */
  readonly kinds: readonly string[];
  readonly namespaces: readonly string[];
}

/** Limit of the whole look, in seconds: an unreachable cluster is reported within it. */
const TIMEOUT_SECONDS = 10;

/** The kinds that every site needs. */
export const SITE_KINDS = [
  "ceph.rook.io/v1/cephobjectrealms",
  "ceph.rook.io/v1/cephobjectzonegroups",
  "ceph.rook.io/v1/cephobjectzones",
  "ceph.rook.io/v1/cephblockpools",
  "ceph.rook.io/v1/cephobjectstores",
  "ceph.rook.io/v1/cephobjectstoreusers",
  "acid.zalan.do/v1/postgresqls",
  "operator.alaudadevops.io/v1alpha1/harbors",
] as const;

/** The kind that routing by external-dns needs. */
export const DNS_KIND = "externaldns.k8s.io/v1alpha1/dnsendpoints";

/**
 * Checks the cluster.
 * @throws pulumi.RunError with every problem found; nothing has been declared then.
 */
export async function preflight(context: StepContext, required: Requirements): Promise<void> {
  const environment = stepEnvironment<"preflight">(context, TIMEOUT_SECONDS, {
    DR_REQUIRED_KINDS: required.kinds.join(","),
    DR_REQUIRED_NAMESPACES: required.namespaces.join(","),
  }) as Record<string, string>;
  const look = command.local.run({
    command: stepCommand("preflight"),
    environment,
    logging: command.local.Logging.None,
  });
  await look.catch((error: Error) => {
    throw refusal(refusalIn(error.message));
  });
}
