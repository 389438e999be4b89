/**
 * What the other site takes from the home site's stack: the shared secrets, and what both must agree on.
 * The reference goes one way only; two stacks that read each other could never be applied first.
 */
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../config/refusal.ts";
import { SECRET_NAMES, type SecretName } from "../config/secretKeys.ts";
import type { Configuration } from "../config.ts";
import { HOME_SITE } from "../sites.ts";
import type { SecretValues } from "./sharedSecrets.ts";

/** Values that must be equal on both sites, by configuration key. */
export type Agreement = Readonly<Record<string, string>>;

/** What a stack exports for its peer. */
export interface HomeOutputs {
  readonly sharedSecrets?: Readonly<Partial<Record<SecretName, string>>>;
  readonly agreement?: Agreement;
}

/** What both sites must agree on, from the configuration of one of them. */
export function agreementOf(config: Configuration): Agreement {
  const { harbor, postgres, objectStore, redis } = config;
  return {
    namespace: config.namespace,
    "harbor.name": harbor.name,
    "harbor.version": harbor.version,
    "harbor.externalUrl": harbor.externalUrl,
    "postgres.cluster": postgres.cluster,
    "postgres.version": postgres.version,
    "postgres.service": postgres.service,
    "postgres.database": postgres.database,
    "postgres.user": postgres.user,
    "objectStore.realm": objectStore.realm,
    "objectStore.zoneGroup": objectStore.zoneGroup,
    "objectStore.bucket": objectStore.bucket,
    "objectStore.region": objectStore.region,
    // Harbor keeps the Redis address in the replicated database (goharbor/harbor#17984).
    "redis.address": redis.address,
    "redis.existingSecret": redis.existingSecret ?? "",
  };
}

/**
 * The shared secrets of the home stack, once it is known that both sites agree.
 * @throws pulumi.RunError (when resolved) if the home stack was never applied, or differs.
 */
export function secretsOfHome(config: Configuration): SecretValues | undefined {
  if (SECRET_NAMES.every((name) => config.supplied[name] !== undefined)) return undefined;
  const name = config.homeStack ?? `${organization()}/${pulumi.getProject()}/${HOME_SITE}`;
  const home = new pulumi.StackReference("home", { name });
  const checked = pulumi
    .all([home.getOutput("sharedSecrets"), home.getOutput("agreement")])
    .apply(([sharedSecrets, agreement]) => checkHome(name, { sharedSecrets, agreement }, agreementOf(config)));
  const values = SECRET_NAMES.map(
    (secret) => [secret, pulumi.secret(checked.apply((found) => found[secret]))] as const,
  );
  return Object.fromEntries(values) as Record<SecretName, pulumi.Output<string>>;
}

/** The backend's organization. Engines that know none, as in unit tests, mean the one of self-managed backends. */
function organization(): string {
  try {
    return pulumi.getOrganization();
  } catch {
    return "organization";
  }
}

/** The home stack's secrets, or an error that says what is missing or different. */
export function checkHome(stack: string, home: HomeOutputs, own: Agreement): Readonly<Record<SecretName, string>> {
  const { sharedSecrets, agreement } = home;
  const missing = SECRET_NAMES.filter((name) => typeof sharedSecrets?.[name] !== "string");
  if (sharedSecrets === undefined || agreement === undefined || missing.length > 0) {
    throw refusal(
      `homeStack: stack "${stack}" exists but has never been applied completely` +
        `${sharedSecrets === undefined ? "" : ` (it lacks ${missing.join(", ")})`}, so this site has no secrets to share. ` +
        `Apply it first: pulumi up --stack ${HOME_SITE}`,
    );
  }
  const different = Object.keys(own).filter((key) => agreement[key] !== own[key]);
  if (different.length > 0) {
    const lines = different.map((key) => `  ${key}: here ${quoted(own[key])}, in ${stack} ${quoted(agreement[key])}`);
    throw refusal(
      [
        "Both sites must agree on these values, and do not:",
        ...lines,
        "Set them once, in Pulumi.yaml, and apply the site that is behind.",
      ].join("\n"),
    );
  }
  return sharedSecrets as Record<SecretName, string>;
}

function quoted(value: string | undefined): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
