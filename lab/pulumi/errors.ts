/** The errors that stand-in providers end an operation with, beside plain ones that mean "nothing happened". */
import type { Properties } from "./values.ts";

/** The object exists but did not become what it should: the engine records it and tries again on the next update. */
export class InitializationFailed extends Error {
  readonly id: string;
  readonly state: Properties;
  readonly inputs: Properties | undefined;
  readonly reasons: readonly string[];
  constructor(message: string, result: { id: string; state: Properties; inputs?: Properties; reasons?: string[] }) {
    super(message);
    this.id = result.id;
    this.state = result.state;
    this.inputs = result.inputs;
    this.reasons = [message, ...(result.reasons ?? [])];
  }
}

/** What a stand-in has not got. Always an error, so that no program passes here that needs the genuine plugin. */
export function notInStandIn(plugin: string, what: string): Error {
  return new Error(
    `the stand-in for the Pulumi plugin "${plugin}" does not have ${what}; install the Pulumi plugins to use it`,
  );
}
