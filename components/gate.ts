/**
 * The gate in front of a promotion: it only refuses or lets pass.
 *
 * It is not a command resource, because those run only when an input changes: an `up` that was killed
 * after the gate had passed would be finished later without asking again, when the other site may be
 * back. So it runs in every `up` of the site that is to be active, and what promotes waits for it.
 */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../config/refusal.ts";
import { type OwnEnvironment, type Proof, type StepContext, stepCommand, stepEnvironment } from "./step.ts";

/** Resolves once the site may be active. A preview changes nothing, so there it resolves at once. */
export type Clearance = pulumi.Output<pulumi.Resource[]>;

/**
 * Asks the other site whether this one may become, or stay, active.
 * @throws pulumi.RunError with every path on which the other site answered as active.
 */
export function gate(context: StepContext, timeoutSeconds: number, own: OwnEnvironment<"gate">): Clearance {
  if (context.role === "standby" || pulumi.runtime.isDryRun()) return pulumi.output([]);
  const environment = pulumi.output(stepEnvironment<"gate">(context, timeoutSeconds, own));
  return pulumi.unsecret(environment.apply(ask));
}

async function ask(environment: Record<string, string>): Promise<pulumi.Resource[]> {
  const invoked = command.local.run({
    command: stepCommand("gate"),
    environment,
    logging: command.local.Logging.Stderr,
  });
  const { stdout } = await invoked.catch((error: Error) => {
    throw refusal(refusalIn(error.message));
  });
  if (stdout?.startsWith("{")) {
    const { seconds, proved } = JSON.parse(stdout) as Proof;
    await pulumi.log.info(`gate (${seconds} s): ${proved}`);
  }
  return [];
}

/** The step's own words, without the frames that the SDK and the plugin put around them, or its progress. */
export function refusalIn(message: string): string {
  const text = message.replace(/^[\s\S]*?running "[^"]*":\s*/, "").replace(/^\s*\d+\.\d+s {2}.*$\n?/gm, "");
  return text.trim() === "" ? message : text.trim();
}
