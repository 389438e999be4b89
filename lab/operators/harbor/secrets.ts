/**
 * The Secrets that Harbor's values refer to. A pod whose Secret or key is missing does not start, and says which: a
 * kubelet shows that as CreateContainerConfigError.
 */
import { type KubeObject, read, type SiteContext } from "../controller.ts";
import type { HelmValues } from "./values.ts";

export class MissingSecret extends Error {
  override readonly name = "MissingSecret";
}

/** Reads each Secret once per turn. */
export class Secrets {
  readonly #context: SiteContext;
  readonly #namespace: string;
  readonly #read = new Map<string, Promise<KubeObject | undefined>>();

  constructor(context: SiteContext, namespace: string) {
    this.#context = context;
    this.#namespace = namespace;
  }

  async value(name: string, key: string): Promise<string> {
    let asked = this.#read.get(name);
    if (asked === undefined) {
      const metadata = { name, namespace: this.#namespace };
      asked = read(this.#context, { apiVersion: "v1", kind: "Secret", metadata });
      this.#read.set(name, asked);
    }
    const secret = await asked;
    if (secret === undefined) throw new MissingSecret(`secret "${name}" not found`);
    const encoded = (secret.data as Readonly<Record<string, string>> | undefined)?.[key];
    if (encoded === undefined) {
      throw new MissingSecret(`couldn't find key ${key} in Secret ${this.#namespace}/${name}`);
    }
    return Buffer.from(encoded, "base64").toString("utf8");
  }
}

export interface CoreSecrets {
  readonly databasePassword: string;
  readonly redisPassword: string | undefined;
  readonly registryPassword: string;
  readonly adminPassword: string;
  readonly secretKey: string;
  readonly tokenKey: string;
  readonly tokenCertificate: string;
}

export async function coreSecrets(secrets: Secrets, values: HelmValues): Promise<CoreSecrets> {
  const { core, database, jobservice, registry } = values;
  const redis = values.redis.external;
  // Not used by the stand-in, but a real core's pod does not start without them.
  await secrets.value(core.existingSecret, "secret");
  await secrets.value(core.existingXsrfSecret, core.existingXsrfSecretKey);
  await secrets.value(jobservice.existingSecret, jobservice.existingSecretKey);
  return {
    databasePassword: await secrets.value(database.external.existingSecret, database.external.existingSecretKey),
    redisPassword:
      redis.existingSecret === "" ? undefined : await secrets.value(redis.existingSecret, redis.existingSecretKey),
    registryPassword: await secrets.value(registry.credentials.existingSecret, registry.credentials.existingSecretKey),
    adminPassword: await secrets.value(values.existingSecretAdminPassword, values.existingSecretAdminPasswordKey),
    secretKey: await secrets.value(values.existingSecretSecretKey, "secretKey"),
    tokenKey: await secrets.value(core.secretName, "tls.key"),
    tokenCertificate: await secrets.value(core.secretName, "tls.crt"),
  };
}

export interface RegistrySecrets {
  readonly httpSecret: string;
  readonly htpasswd: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

export async function registrySecrets(secrets: Secrets, values: HelmValues): Promise<RegistrySecrets> {
  const { registry } = values;
  const { s3 } = values.persistence.imageChartStorage;
  return {
    httpSecret: await secrets.value(registry.existingSecret, registry.existingSecretKey),
    htpasswd: await secrets.value(registry.credentials.existingSecret, "REGISTRY_HTPASSWD"),
    accessKey: await secrets.value(s3.existingSecret, "REGISTRY_STORAGE_S3_ACCESSKEY"),
    secretKey: await secrets.value(s3.existingSecret, "REGISTRY_STORAGE_S3_SECRETKEY"),
  };
}
