/**
 * What stands in for a secret while the program runs without an engine: each of the form that the
 * configuration accepts, each different, and each recognisable, so that a secret that ends up where it
 * must not is found by its value.
 */

const FIXED: Readonly<Record<string, string>> = {
  adminPassword: "Placeholder-1-adminPassword",
  harborSecretKey: "PlaceholderKey16",
  xsrfKey: "PlaceholderOfThirtyTwoCharacters",
  registryHtpasswd: `placeholder:$2y$10$${"PlaceholderHtpasswd".padEnd(53, "A")}`,
  tokenKey: "-----BEGIN PRIVATE KEY-----\nPlaceholderTokenKey\n-----END PRIVATE KEY-----",
  tokenCertificate: "-----BEGIN CERTIFICATE-----\nPlaceholderTokenCertificate\n-----END CERTIFICATE-----",
};

/** The stand-in for the supplied secret of that name. */
export function placeholderFor(name: string): string {
  return FIXED[name] ?? `Placeholder-${name.replace(/[^A-Za-z0-9_-]/g, "-")}`;
}

/** What a provider makes and only it knows, by resource type and output. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  "random:index/randomPassword:RandomPassword": ["result", "bcryptHash"],
  "tls:index/privateKey:PrivateKey": ["privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"],
  "tls:index/selfSignedCert:SelfSignedCert": ["certPem"],
};

/** The outputs of a resource that makes secrets. */
export function madeSecrets(type: string, name: string): Record<string, string> {
  return Object.fromEntries((MADE[type] ?? []).map((output) => [output, `Placeholder-${name}-${output}`]));
}
