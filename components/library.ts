/**
 * What another program needs beside the components: settings that are complete and checked though only a
 * few are given, and the shared secrets from what its home stack exports.
 */
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { settingsSchema } from "../config/schema.ts";
import { SECRET_NAMES, type SecretName } from "../config/secretKeys.ts";
import type { SecretValues } from "./sharedSecrets.ts";

const { harbor, postgres, objectStore, redis } = settingsSchema.shape;

/** Settings of Harbor: version and address are required, the rest has the defaults of docs/configuration.md. */
export const harborSettings = (given: z.input<typeof harbor>): z.output<typeof harbor> => harbor.parse(given);

/** Settings of the PostgreSQL cluster. */
export const postgresSettings = (given?: z.input<typeof postgres>): z.output<typeof postgres> => postgres.parse(given);

/** Settings of the object store. */
export const objectStoreSettings = (given?: z.input<typeof objectStore>): z.output<typeof objectStore> =>
  objectStore.parse(given);

/** Settings of the site's own Redis. */
export const redisSettings = (given: z.input<typeof redis>): z.output<typeof redis> => redis.parse(given);

/** What the home site's stack must export for the other one, marked secret. */
export function exportSecrets(values: SecretValues): pulumi.Output<Record<string, string>> {
  return pulumi.secret(pulumi.all({ ...values }));
}

/** The shared secrets, from what the home site's stack exports under `output`. */
export function importSecrets(home: pulumi.StackReference, output: string): SecretValues {
  const exported = home.requireOutput(output) as pulumi.Output<Record<SecretName, string>>;
  const values = SECRET_NAMES.map((name) => [name, pulumi.secret(exported.apply((found) => found[name]))] as const);
  return Object.fromEntries(values) as Record<SecretName, pulumi.Output<string>>;
}
