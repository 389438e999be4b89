/** Errors for the person at the terminal, from inside an output. */
import * as pulumi from "@pulumi/pulumi";

/**
 * An error that is printed without a stack trace, and in our words only: the SDK writes the path of every
 * property that needed a failed output in front of its message, which says nothing to whoever reads it.
 */
export function refusal(message: string): pulumi.RunError {
  return Object.defineProperty(new pulumi.RunError(message), "message", { get: () => message, set: () => undefined });
}
