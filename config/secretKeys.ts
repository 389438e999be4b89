/**
 * The secrets that configuration may supply instead of having them generated: to adopt an existing
 * Harbor, or to provision the second site while the first one's stack is out of reach.
 *
 * Each is a key of its own, because Pulumi marks secrecy by top-level key: a plain value can be told
 * from an encrypted one only there. No rule ever repeats a value.
 */

/** One secret that may be supplied. */
export interface SecretRule {
  /** What it is, and who uses it. */
  readonly meaning: string;
  /** Completes "allowed: …". */
  readonly allowed: string;
  readonly accepts: RegExp;
}

/** URL-safe, because a slash in the realm's access key breaks `realm pull`. */
const urlSafe = {
  allowed: "at least 16 URL-safe characters (letters, digits, - and _)",
  accepts: /^[A-Za-z0-9_-]{16,}$/,
};
const password = { allowed: "at least 16 characters without spaces or quotes", accepts: /^[^\s'"\\]{16,}$/ };

export const SECRET_RULES = {
  adminPassword: {
    meaning: "Harbor's administrator",
    allowed: "8 to 128 characters with an upper-case letter, a lower-case letter, a digit and a special character",
    accepts: /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^A-Za-z0-9\s])\S{8,128}$/,
  },
  harborSecretKey: {
    meaning: "encrypts the credentials in Harbor's database; the same on both sites",
    allowed: "exactly 16 characters",
    accepts: /^[!-~]{16}$/,
  },
  coreSecret: { meaning: "Harbor core's secret for its other parts", ...urlSafe },
  xsrfKey: { meaning: "CSRF key of Harbor's portal", allowed: "exactly 32 characters", accepts: /^[!-~]{32}$/ },
  jobserviceSecret: { meaning: "Harbor jobservice's secret", ...urlSafe },
  registryHttpSecret: { meaning: "signs the registry's upload state", ...urlSafe },
  registryPassword: { meaning: "the registry's internal user", ...password },
  registryHtpasswd: {
    meaning: "the htpasswd line that belongs to registryPassword (bcrypt)",
    allowed: "one line user:$2… as `htpasswd -nbB` prints it",
    accepts: /^[^:\s]+:\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/,
  },
  tokenKey: {
    meaning: "private key that signs registry tokens",
    allowed: "a private key in PEM form",
    accepts: /^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[\s\S]+-----END ([A-Z]+ )?PRIVATE KEY-----\s*$/,
  },
  tokenCertificate: {
    meaning: "certificate that belongs to tokenKey",
    allowed: "a certificate in PEM form",
    accepts: /^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/,
  },
  databaseSuperuserPassword: { meaning: "PostgreSQL's superuser", ...password },
  databaseReplicationPassword: { meaning: "PostgreSQL's replication user", ...password },
  databasePassword: { meaning: "Harbor's own PostgreSQL user", ...password },
  realmAccessKey: { meaning: "access key of the realm's system user", ...urlSafe },
  realmSecretKey: { meaning: "secret key of the realm's system user", ...urlSafe },
  objectStoreAccessKey: { meaning: "access key of Harbor's object-store user", ...urlSafe },
  objectStoreSecretKey: { meaning: "secret key of Harbor's object-store user", ...urlSafe },
} as const satisfies Record<string, SecretRule>;

/** The name of one secret. */
export type SecretName = keyof typeof SECRET_RULES;

/** All names, in the order of the table above. */
export const SECRET_NAMES = Object.keys(SECRET_RULES) as SecretName[];

/** Secrets that only make sense together: supply both or neither. */
export const SECRET_PAIRS: readonly (readonly [SecretName, SecretName])[] = [
  ["registryPassword", "registryHtpasswd"],
  ["tokenKey", "tokenCertificate"],
  ["realmAccessKey", "realmSecretKey"],
  ["objectStoreAccessKey", "objectStoreSecretKey"],
];
