/** One acceptable value for each secret that may be supplied: recognisable, and nobody's. */
import { SECRET_NAMES, type SecretName } from "../config/secretKeys.ts";

const pem = (kind: string) => `-----BEGIN ${kind}-----\nc3VwcGxpZWQ=\n-----END ${kind}-----\n`;

const SPECIAL: Partial<Record<SecretName, string>> = {
  adminPassword: "Supplied-Admin-1!",
  harborSecretKey: "supplied-16-char",
  xsrfKey: "supplied-32-characters-for-csrf-",
  registryHtpasswd: `supplied:$2y$10$${"a".repeat(53)}`,
  tokenKey: pem("RSA PRIVATE KEY"),
  tokenCertificate: pem("CERTIFICATE"),
};

/** A complete set. */
export const SUPPLIED = Object.fromEntries(
  SECRET_NAMES.map((name) => [name, SPECIAL[name] ?? `supplied-${name}`]),
) as Record<SecretName, string>;
