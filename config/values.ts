/** The scalar shapes that several configuration keys share, each with the sentence that says what is allowed. */
import { z } from "zod";

/** A string of the given form. `sentence` completes "allowed: …". */
export function allowed(form: RegExp, sentence: string): z.ZodString {
  return z.string().regex(form, sentence).describe(sentence);
}

/** A DNS name or an IP address, without a scheme and without a port. */
export const host = allowed(
  /^(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$|^[0-9a-f:]+:[0-9a-f:]*$/i,
  "a host name or an IP address, without a scheme and without a port",
);

/** A TCP port. */
export const port = z.int().min(1).max(65535).describe("a port number from 1 to 65535");

/** A name that the Kubernetes API accepts for an object. */
export const kubernetesName = allowed(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  "1 to 63 lower-case letters, digits and hyphens, starting and ending with a letter or digit",
);

/** A Kubernetes quantity: 500m, 2, 1Gi. */
export const quantity = allowed(
  /^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/,
  "a Kubernetes quantity such as 500m, 2 or 10Gi",
);

/** A whole number of seconds between the limits, both included. */
export function seconds(least: number, most: number): z.ZodInt {
  return z.int().min(least).max(most).describe(`whole seconds from ${least} to ${most}`);
}
