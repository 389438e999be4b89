/** A set of shared secrets as the program would generate them, for tests that run without the engine. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import bcrypt from "bcryptjs";
import { REGISTRY_USER } from "../../components/harborSpec.ts";
import type { SecretName } from "../../config/secretKeys.ts";

const word = (): string => randomBytes(18).toString("base64url");

/** Every secret by its name, made when it is first asked for. */
export function secretValues(): Readonly<Record<string, string>> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const registryPassword = word();
  const made: Partial<Record<SecretName, string>> = {
    adminPassword: `Aa1!${word()}`,
    harborSecretKey: randomBytes(8).toString("hex"),
    xsrfKey: randomBytes(16).toString("hex"),
    registryPassword,
    // The lowest cost: the registry computes it anew for every request.
    registryHtpasswd: `${REGISTRY_USER}:${bcrypt.hashSync(registryPassword, 4)}`,
    tokenKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    tokenCertificate: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
  return new Proxy(made, {
    get: (known: Record<string, string>, name: string) => (known[name] ??= word()),
  }) as Readonly<Record<string, string>>;
}
