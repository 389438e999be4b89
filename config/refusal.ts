/** Errors for the person at the terminal: our words, no stack trace. */
import * as pulumi from "@pulumi/pulumi";

/**
 * An error that is printed as it is. The SDK would write the path of every property that needed a failed
 * output in front of the message, hence the fixed one. It also formats the stack of every error, and
 * Node 20.20 loops for some 20 s over a frame below `node_modules/@scope`, hence no frames.
 */
export function refusal(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = `Error: ${message}`;
  return Object.defineProperty(error, "message", { get: () => message, set: () => undefined });
}
