/**
 * The Kubernetes Secrets that carry the shared secrets, under the names and keys that the operators and
 * Harbor's chart look for. They are there before the resource that needs them, on both sites, so that
 * nothing has to be copied from one cluster to the other by hand.
 */
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { SecretName } from "../config/secretKeys.ts";
import type { SecretValues } from "./sharedSecrets.ts";

/** One Secret: each of its keys is either a shared secret or a plain value such as a user name. */
export interface SecretObject {
  /** Last part of the resource's name. */
  readonly part: string;
  readonly name: string;
  readonly namespace: string;
  readonly type?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretName>>;
  readonly plain?: Readonly<Record<string, string>>;
}

/** Names of the Secrets that Harbor's resource refers to, and the key in each. */
export const HARBOR_SECRETS = {
  admin: { name: "harbor-admin", key: "HARBOR_ADMIN_PASSWORD" },
  /** The chart fixes the key `secretKey`. */
  encryption: { name: "harbor-encryption", key: "secretKey" },
  /** The chart fixes the key `secret`. */
  core: { name: "harbor-core-secret", key: "secret" },
  token: { name: "harbor-token", key: "tls.key" },
  xsrf: { name: "harbor-xsrf", key: "CSRF_KEY" },
  jobservice: { name: "harbor-jobservice-secret", key: "JOBSERVICE_SECRET" },
  registry: { name: "harbor-registry-secret", key: "REGISTRY_HTTP_SECRET" },
  registryCredentials: { name: "harbor-registry-credentials", key: "REGISTRY_PASSWD" },
  objectStore: { name: "harbor-object-store", key: "REGISTRY_STORAGE_S3_ACCESSKEY" },
} as const;

/** The Secrets that Harbor reads. */
export function harborSecrets(namespace: string): SecretObject[] {
  const { admin, encryption, core, token, xsrf, jobservice, registry, registryCredentials } = HARBOR_SECRETS;
  return [
    { part: "admin", name: admin.name, namespace, secrets: { [admin.key]: "adminPassword" } },
    { part: "encryption", name: encryption.name, namespace, secrets: { [encryption.key]: "harborSecretKey" } },
    { part: "core", name: core.name, namespace, secrets: { [core.key]: "coreSecret" } },
    {
      part: "token",
      name: token.name,
      namespace,
      type: "kubernetes.io/tls",
      secrets: { "tls.key": "tokenKey", "tls.crt": "tokenCertificate" },
    },
    { part: "xsrf", name: xsrf.name, namespace, secrets: { [xsrf.key]: "xsrfKey" } },
    { part: "jobservice", name: jobservice.name, namespace, secrets: { [jobservice.key]: "jobserviceSecret" } },
    { part: "registry-http", name: registry.name, namespace, secrets: { [registry.key]: "registryHttpSecret" } },
    {
      part: "registry-credentials",
      name: registryCredentials.name,
      namespace,
      secrets: { REGISTRY_PASSWD: "registryPassword", REGISTRY_HTPASSWD: "registryHtpasswd" },
    },
  ];
}

/** The name that the PostgreSQL operator gives to a user's Secret; it uses one that is already there. */
export function credentialsSecret(user: string, cluster: string): string {
  return `${user}.${cluster}.credentials.postgresql.acid.zalan.do`;
}

/** The Secret with the primary's superuser, from which a standby is cloned. */
export const BOOTSTRAP_SECRET = "standby-bootstrap-secret";

/** The Secrets that the PostgreSQL operator reads. */
export function databaseSecrets(namespace: string, cluster: string, user: string): SecretObject[] {
  const labels = { application: "spilo", "cluster-name": cluster };
  const credentials = (name: string, secret: SecretName): SecretObject => ({
    part: name,
    name: credentialsSecret(name, cluster),
    namespace,
    labels,
    secrets: { password: secret },
    plain: { username: name },
  });
  return [
    credentials("postgres", "databaseSuperuserPassword"),
    credentials("standby", "databaseReplicationPassword"),
    credentials(user, "databasePassword"),
    {
      part: "bootstrap",
      name: BOOTSTRAP_SECRET,
      namespace,
      type: "kubernetes.io/basic-auth",
      secrets: { password: "databaseSuperuserPassword" },
      plain: { username: "postgres" },
    },
  ];
}

/** The Secrets that Rook reads: the realm's system keys and, where Rook takes them, the user's. */
export function objectStoreSecrets(namespace: string, realm: string): SecretObject[] {
  return [
    {
      part: "realm-keys",
      name: `${realm}-keys`,
      namespace,
      secrets: { "access-key": "realmAccessKey", "secret-key": "realmSecretKey" },
    },
    {
      part: "user-keys",
      name: userKeysSecret(realm),
      namespace,
      secrets: { "access-key": "objectStoreAccessKey", "secret-key": "objectStoreSecretKey" },
    },
  ];
}

/** The Secret with which Harbor reaches its bucket. Whoever knows the user's keys declares it. */
export function bucketSecret(namespace: string): SecretObject {
  return {
    part: "access",
    name: HARBOR_SECRETS.objectStore.name,
    namespace,
    secrets: {
      REGISTRY_STORAGE_S3_ACCESSKEY: "objectStoreAccessKey",
      REGISTRY_STORAGE_S3_SECRETKEY: "objectStoreSecretKey",
    },
  };
}

/** Name of the Secret with the object-store user's own keys. */
export function userKeysSecret(realm: string): string {
  return `${realm}-object-store-keys`;
}

/** Declares a list of Secrets, in `stringData`, which is the only place where a secret may stand. */
export function declareSecrets(
  name: string,
  objects: readonly SecretObject[],
  values: SecretValues,
  options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Secret[] {
  return objects.map(
    ({ part, name: secretName, namespace, type, labels, secrets, plain }) =>
      new kubernetes.core.v1.Secret(
        `${name}-${part}`,
        {
          metadata: { name: secretName, namespace, ...(labels === undefined ? {} : { labels }) },
          type: type ?? "Opaque",
          stringData: {
            ...plain,
            ...Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, values[secret]])),
          },
        },
        options,
      ),
  );
}
