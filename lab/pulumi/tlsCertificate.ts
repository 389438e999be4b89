/** Self-signed certificates as the Pulumi plugin `tls` makes them. The X.509 library is loaded only when one is made. */
import { createHash, createPrivateKey, createPublicKey, randomBytes, webcrypto } from "node:crypto";
import { notInStandIn } from "./errors.ts";
import { isProperties, type Properties, type Value } from "./values.ts";

/** Property of `subject` to its name in an X.500 name. */
export const SUBJECT_FIELDS: Record<string, string> = {
  commonName: "CN",
  country: "C",
  locality: "L",
  organization: "O",
  organizationalUnit: "OU",
  postalCode: "2.5.4.17",
  province: "ST",
  serialNumber: "2.5.4.5",
};

const KEY_USES: Record<
  string,
  | "digitalSignature"
  | "nonRepudiation"
  | "keyEncipherment"
  | "dataEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign"
  | "encipherOnly"
  | "decipherOnly"
> = {
  digital_signature: "digitalSignature",
  content_commitment: "nonRepudiation",
  key_encipherment: "keyEncipherment",
  data_encipherment: "dataEncipherment",
  key_agreement: "keyAgreement",
  cert_signing: "keyCertSign",
  crl_signing: "cRLSign",
  encipher_only: "encipherOnly",
  decipher_only: "decipherOnly",
};
const EXTENDED_USES: Record<string, string> = {
  any_extended: "2.5.29.37.0",
  server_auth: "1.3.6.1.5.5.7.3.1",
  client_auth: "1.3.6.1.5.5.7.3.2",
  code_signing: "1.3.6.1.5.5.7.3.3",
  email_protection: "1.3.6.1.5.5.7.3.4",
  timestamping: "1.3.6.1.5.5.7.3.8",
  ocsp_signing: "1.3.6.1.5.5.7.3.9",
};
export const ALLOWED_USES = [...Object.keys(KEY_USES), ...Object.keys(EXTENDED_USES)];

const CURVE_NAMES: Record<string, string> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

function texts(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

async function keysOf(pem: string) {
  const secret = createPrivateKey(pem);
  const open = createPublicKey(secret);
  const type = secret.asymmetricKeyType;
  const curve = CURVE_NAMES[secret.asymmetricKeyDetails?.namedCurve ?? ""];
  const algorithms = {
    rsa: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    ec: { name: "ECDSA", namedCurve: curve ?? "", hash: "SHA-256" },
    ed25519: { name: "Ed25519" },
  };
  const algorithm =
    type === "rsa" || type === "ed25519" || (type === "ec" && curve !== undefined) ? algorithms[type] : undefined;
  if (!algorithm)
    throw notInStandIn("tls", `certificates for keys of type ${type} ${secret.asymmetricKeyDetails?.namedCurve ?? ""}`);
  const publicDer = open.export({ format: "der", type: "spki" });
  return {
    algorithm,
    name: type === "rsa" ? "RSA" : type === "ec" ? "ECDSA" : "ED25519",
    publicDer,
    privateKey: await webcrypto.subtle.importKey(
      "pkcs8",
      secret.export({ format: "der", type: "pkcs8" }),
      algorithm,
      true,
      ["sign"],
    ),
    publicKey: await webcrypto.subtle.importKey("spki", publicDer, algorithm, true, ["verify"]),
  };
}

export async function selfSigned(inputs: Properties): Promise<Properties> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await keysOf(String(inputs.privateKeyPem));
  const uses = texts(inputs.allowedUses);
  const keyUsage = uses.reduce((flags, use) => flags | (KEY_USES[use] ? x509.KeyUsageFlags[KEY_USES[use]] : 0), 0);
  const extended = uses.map((use) => EXTENDED_USES[use]).filter((oid) => oid !== undefined);
  const names = [
    ...texts(inputs.dnsNames).map((value) => ({ type: "dns" as const, value })),
    ...texts(inputs.ipAddresses).map((value) => ({ type: "ip" as const, value })),
    ...texts(inputs.uris).map((value) => ({ type: "url" as const, value })),
  ];
  const ca = inputs.isCaCertificate === true;
  const keyId = createHash("sha1").update(keys.publicDer).digest("hex");
  const length =
    typeof inputs.maxPathLength === "number" && inputs.maxPathLength >= 0 ? inputs.maxPathLength : undefined;
  const subject = isProperties(inputs.subject) ? inputs.subject : {};
  const name = Object.entries(subject).map(([field, value]) => ({ [SUBJECT_FIELDS[field] ?? field]: [String(value)] }));
  const start = new Date(Math.floor(Date.now() / 1000) * 1000);
  const end = new Date(start.getTime() + Number(inputs.validityPeriodHours) * 3_600_000);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(16).toString("hex"),
    name,
    notBefore: start,
    notAfter: end,
    signingAlgorithm: keys.algorithm,
    keys: { privateKey: keys.privateKey, publicKey: keys.publicKey },
    extensions: [
      ...(keyUsage === 0 ? [] : [new x509.KeyUsagesExtension(keyUsage, true)]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      new x509.BasicConstraintsExtension(ca, length, true),
      ...(ca || inputs.setSubjectKeyId === true ? [new x509.SubjectKeyIdentifierExtension(keyId)] : []),
      ...(inputs.setAuthorityKeyId === true ? [new x509.AuthorityKeyIdentifierExtension(keyId)] : []),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return {
    certPem: `${certificate.toString("pem").trim()}\n`,
    keyAlgorithm: keys.name,
    readyForRenewal: false,
    validityStartTime: start.toISOString().replace(".000", ""),
    validityEndTime: end.toISOString().replace(".000", ""),
  };
}
