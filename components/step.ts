/**
 * Runs one of the steps in steps/ as a command resource: on creation, when one of its inputs changes
 * (the role does at a flip), and when `rerun` is raised. Never a `delete`: taking a step out of the
 * program must not act on a site. `update` is always given, or a changed input would mean a replacement.
 */

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Role, Site } from "../sites.ts";
import { type StepEnvironment, type StepName, stepFile } from "../steps/inputs.ts";

/** What every step of a site is told. */
export interface StepContext {
  readonly site: Site;
  readonly peer: Site;
  readonly role: Role;
  /** Path of the kubeconfig file; kubectl's own rules when absent. */
  readonly kubeconfig?: string | undefined;
  /** Context in it; the current one when absent. */
  readonly kubeContext?: string | undefined;
  /** Raised to run every step again. */
  readonly rerun: number;
}

/** The variables that `StepContext` and the limit supply. */
type Common =
  | "DR_SITE"
  | "DR_PEER"
  | "DR_ROLE"
  | "DR_TIMEOUT_SECONDS"
  | "DR_KUBECONFIG"
  | "DR_KUBE_CONTEXT"
  | "DR_RERUN";

/** The variables that are a step's own. */
export type OwnEnvironment<Step extends StepName> = Omit<StepEnvironment<Step, pulumi.Input<string>>, Common>;

/** The command line of a step, relative to the program's folder so that it is the same on every machine. */
export function stepCommand(step: StepName): string {
  const here = relative(process.cwd(), fileURLToPath(new URL("..", import.meta.url)));
  return `node --import tsx ${[here, stepFile(step)].filter((part) => part !== "").join("/")}`;
}

/** The whole environment of a step. */
export function stepEnvironment<Step extends StepName>(
  context: StepContext,
  timeoutSeconds: number,
  own: OwnEnvironment<Step>,
): Record<string, pulumi.Input<string>> {
  return {
    DR_SITE: context.site,
    DR_PEER: context.peer,
    DR_ROLE: context.role,
    DR_TIMEOUT_SECONDS: String(timeoutSeconds),
    ...(context.kubeconfig === undefined ? {} : { DR_KUBECONFIG: context.kubeconfig }),
    ...(context.kubeContext === undefined ? {} : { DR_KUBE_CONTEXT: context.kubeContext }),
    DR_RERUN: String(context.rerun),
    ...own,
  };
}

/** Declares the command resource of a step. */
export function declareStep<Step extends StepName>(
  name: string,
  step: Step,
  context: StepContext,
  timeoutSeconds: number,
  own: OwnEnvironment<Step>,
  options: pulumi.CustomResourceOptions,
): command.local.Command {
  const line = stepCommand(step);
  const environment = stepEnvironment(context, timeoutSeconds, own);
  // Progress is on stderr, for people; the proof on stdout is kept in the state and need not be read twice.
  const logging = command.local.Logging.Stderr;
  return new command.local.Command(name, { create: line, update: line, environment, logging }, options);
}

/** What a step says when it has proved its outcome: the one line that it prints on standard output. */
export interface Proof {
  readonly step: string;
  readonly seconds: number;
  readonly proved: string;
}

/** The proof that a step's command recorded, or undefined before it has run. */
export function proofOf(step: command.local.Command): pulumi.Output<Proof | undefined> {
  // A command with a secret in its environment has its whole output marked; a step prints none.
  return pulumi.unsecret(pulumi.output(step.stdout)).apply((text) => {
    if (typeof text !== "string" || !text.startsWith("{")) return undefined;
    const { step: name, seconds, proved } = JSON.parse(text) as Proof;
    return { step: name, seconds, proved };
  });
}
