/**
 * The registry tokens of the core stand-in: JSON Web Tokens (RS256) as Harbor's token service gives them out.
 *
 * Signed with the key of `core.secretName`. With the same key on both sites a token that one site gave out is good
 * on the other, which is what the field guide asks the two sites for.
 */
import { createPublicKey, createSign, createVerify, randomUUID } from "node:crypto";

const ISSUER = "harbor-token-issuer";
const LIFETIME_SECONDS = 30 * 60;
/** Clocks of two sites may differ by this much. */
const SKEW_SECONDS = 60;

export const SERVICE = "harbor-registry";

/** One entry of the `access` claim: what may be done with one repository. */
export interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

/** `repository:project/name:pull,push`; a name may hold colons only in a registry's port, which is not in a scope. */
export function parseScope(scope: string): Access | undefined {
  const [type, name, actions] = scope.split(":");
  if (type !== "repository" || name === undefined || name === "" || actions === undefined) return undefined;
  return { type, name, actions: actions.split(",").filter((action) => action !== "") };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export interface IssuedToken {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
}

export function issueToken(keyPem: string, subject: string, access: readonly Access[]): IssuedToken {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: subject,
    aud: SERVICE,
    exp: now + LIFETIME_SECONDS,
    nbf: now - SKEW_SECONDS,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const body = `${encode({ typ: "JWT", alg: "RS256" })}.${encode(claims)}`;
  const token = `${body}.${createSign("RSA-SHA256").update(body).sign(keyPem, "base64url")}`;
  return { token, access_token: token, expires_in: LIFETIME_SECONDS, issued_at: new Date(now * 1000).toISOString() };
}

/** What a token allows. Throws TokenRefused with the reason; the reason never carries the token. */
export function verifyToken(certificatePem: string, token: string): readonly Access[] {
  const [header, payload, signature] = token.split(".");
  if (header === undefined || payload === undefined || signature === undefined) throw new TokenRefused("not a token");
  const key = createPublicKey(certificatePem);
  const fits = createVerify("RSA-SHA256").update(`${header}.${payload}`).verify(key, signature, "base64url");
  if (!fits) throw new TokenRefused("signature does not fit this Harbor's token certificate");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as {
    iss?: string;
    aud?: string;
    exp?: number;
    nbf?: number;
    access?: Access[];
  };
  const now = Date.now() / 1000;
  if (claims.iss !== ISSUER || claims.aud !== SERVICE) throw new TokenRefused("made for another service");
  if ((claims.exp ?? 0) < now) throw new TokenRefused("expired");
  if ((claims.nbf ?? 0) > now + SKEW_SECONDS) throw new TokenRefused("not valid yet");
  return claims.access ?? [];
}

export const allows = (access: readonly Access[], repository: string, action: string): boolean =>
  access.some((entry) => entry.type === "repository" && entry.name === repository && entry.actions.includes(action));
