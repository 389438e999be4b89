/** Signed requests to a gateway: S3 with a user's keys, and the admin API with the realm's system keys. */
import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { type Answer, request } from "./request.ts";

/** Keys of an object-store user. */
export interface Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** One signed request. */
export interface S3Request {
  readonly method: string;
  readonly url: URL;
  readonly keys: Keys;
  readonly region: string;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** Signs and sends one request. */
export async function s3(what: S3Request): Promise<Answer> {
  const signed = await new AwsV4Signer({
    method: what.method,
    url: what.url.href,
    headers: {
      "x-amz-content-sha256": createHash("sha256")
        .update(what.body ?? "")
        .digest("hex"),
    },
    ...(what.body === undefined ? {} : { body: what.body }),
    accessKeyId: what.keys.accessKey,
    secretAccessKey: what.keys.secretKey,
    service: "s3",
    region: what.region,
  }).sign();
  const headers: Record<string, string> = {};
  signed.headers.forEach((value, name) => {
    if (name !== "host") headers[name] = value;
  });
  return request(signed.url, {
    method: what.method,
    headers,
    timeoutMs: what.timeoutMs,
    ...(what.body === undefined ? {} : { body: what.body }),
  });
}

/** The code of an S3 error, `NoSuchBucket` and the like: XML, or JSON from the admin API. */
export const s3Code = (answer: Answer): string => {
  const body = answer.body.toString("utf8");
  return /<Code>([^<]+)<\/Code>/.exec(body)?.[1] ?? /"Code"\s*:\s*"([^"]+)"/.exec(body)?.[1] ?? `HTTP ${answer.status}`;
};
