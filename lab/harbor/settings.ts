/**
 * What the stand-in for Harbor's core is told at its start: one JSON file that only root can read.
 *
 * The Harbor operator writes it from the Harbor resource and the Secrets that it names, in place of the chart's
 * ConfigMap, environment and mounted Secrets. A file, because it holds passwords, which have no place on a command
 * line, and because a changed file tells the operator that the server must be started again.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";

const endpoint = z.strictObject({ host: z.string().min(1), port: z.number().int().min(1).max(65535) });

const coreSettings = z.strictObject({
  listen: endpoint,
  version: z.string().min(1),
  /** As clients type it; the realm of the token service is made from it. */
  externalUrl: z.url(),
  database: endpoint.extend({
    user: z.string().min(1),
    password: z.string().min(1),
    name: z.string().min(1),
    sslmode: z.enum(["disable", "require", "verify-ca", "verify-full"]),
  }),
  redis: endpoint.extend({ password: z.string().optional() }),
  registry: z.strictObject({ url: z.url(), username: z.string().min(1), password: z.string().min(1) }),
  /** Health addresses of the parts that core asks about. Without `trivy` the scanner is left out, as in Harbor. */
  probes: z.strictObject({ jobservice: z.url(), portal: z.url(), registryctl: z.url(), trivy: z.url().optional() }),
  /** Encrypts what is confidential in the database. */
  secretKey: z.string().length(16, "Harbor takes a secretKey of exactly 16 characters"),
  /** PEM: signs registry tokens. */
  tokenKey: z.string().min(1),
  /** PEM certificate or public key of `tokenKey`. */
  tokenCertificate: z.string().min(1),
  /** Taken at the first start only; afterwards the database has the administrator's password. */
  adminPassword: z.string().min(1),
});

export type CoreSettings = z.infer<typeof coreSettings>;

export function readSettings(file: string | undefined): CoreSettings {
  if (file === undefined) throw new Error("usage: coreStandIn.ts SETTINGS.json");
  const parsed = coreSettings.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (parsed.success) return parsed.data;
  // Paths and rules only: the values are secrets.
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`settings of the core stand-in are not usable:\n${problems.join("\n")}`);
}
