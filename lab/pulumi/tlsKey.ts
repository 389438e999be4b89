/** Key pairs with all the spellings that the Pulumi plugin `tls` gives them: PEM, PKCS#8 and OpenSSH. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import type { Properties } from "./values.ts";

interface Curve {
  readonly node: string;
  /** OpenSSH has no P-224, and then there is no OpenSSH spelling. */
  readonly openssh: string | undefined;
}

export const CURVES: Record<string, Curve> = {
  P224: { node: "secp224r1", openssh: undefined },
  P256: { node: "prime256v1", openssh: "nistp256" },
  P384: { node: "secp384r1", openssh: "nistp384" },
  P521: { node: "secp521r1", openssh: "nistp521" },
};

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function number(base64url: string | undefined): Buffer {
  const raw = Buffer.from(base64url ?? "", "base64url");
  const bytes = raw.subarray(raw.findIndex((byte) => byte !== 0));
  return text((bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** Public and private part in OpenSSH's wire format. */
function wireFormat(
  key: KeyObject,
  curve: string | undefined,
): { type: string; open: Buffer; closed: Buffer } | undefined {
  if (key.asymmetricKeyType === "ec" && curve === undefined) return undefined;
  const jwk = key.export({ format: "jwk" });
  if (jwk.kty === "RSA") {
    const open = Buffer.concat([text("ssh-rsa"), number(jwk.e), number(jwk.n)]);
    const closed = [text("ssh-rsa"), ...[jwk.n, jwk.e, jwk.d, jwk.qi, jwk.p, jwk.q].map(number)];
    return { type: "ssh-rsa", open, closed: Buffer.concat(closed) };
  }
  const x = Buffer.from(jwk.x ?? "", "base64url");
  if (jwk.kty === "OKP") {
    const open = Buffer.concat([text("ssh-ed25519"), text(x)]);
    const seed = Buffer.from(jwk.d ?? "", "base64url");
    return { type: "ssh-ed25519", open, closed: Buffer.concat([open, text(Buffer.concat([seed, x]))]) };
  }
  const point = Buffer.concat([Buffer.from([4]), x, Buffer.from(jwk.y ?? "", "base64url")]);
  const type = `ecdsa-sha2-${curve}`;
  const open = Buffer.concat([text(type), text(curve ?? ""), text(point)]);
  return { type, open, closed: Buffer.concat([open, number(jwk.d)]) };
}

function opensshPem(open: Buffer, closed: Buffer): string {
  const check = randomBytes(4);
  const inner = Buffer.concat([check, check, closed, text("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.from([0, 0, 0, 1]);
  const all = [
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    one,
    text(open),
    text(Buffer.concat([inner, padding])),
  ];
  const lines =
    Buffer.concat(all)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

export function privateKey(
  algorithm: string,
  options: { rsaBits: number; curve: string },
): { id: string; outputs: Properties } {
  const curve = CURVES[options.curve];
  const { privateKey: key, publicKey } =
    algorithm === "RSA"
      ? generateKeyPairSync("rsa", { modulusLength: options.rsaBits })
      : algorithm === "ED25519"
        ? generateKeyPairSync("ed25519")
        : generateKeyPairSync("ec", { namedCurve: curve?.node ?? "" });
  const pkcs8 = key.export({ format: "pem", type: "pkcs8" }).toString();
  const pem =
    algorithm === "RSA"
      ? key.export({ format: "pem", type: "pkcs1" })
      : algorithm === "ECDSA"
        ? key.export({ format: "pem", type: "sec1" })
        : pkcs8;
  const wire = wireFormat(key, curve?.openssh);
  const md5 = wire ? (createHash("md5").update(wire.open).digest("hex").match(/../g) ?? []).join(":") : "";
  const sha256 = wire ? `SHA256:${createHash("sha256").update(wire.open).digest("base64").replace(/=+$/, "")}` : "";
  return {
    id: createHash("sha1")
      .update(publicKey.export({ format: "der", type: "spki" }))
      .digest("hex"),
    outputs: {
      privateKeyPem: pem.toString(),
      privateKeyPemPkcs8: pkcs8,
      privateKeyOpenssh: wire ? opensshPem(wire.open, wire.closed) : "",
      publicKeyPem: publicKey.export({ format: "pem", type: "spki" }).toString(),
      publicKeyOpenssh: wire ? `${wire.type} ${wire.open.toString("base64")}\n` : "",
      publicKeyFingerprintMd5: md5,
      publicKeyFingerprintSha256: sha256,
    },
  };
}
