/**
 * The gateway's admin API, which Rook uses for users: unlike radosgw-admin, what it changes reaches the other site at
 * once. Requests are signed with the realm's system keys.
 */
import { AwsClient } from "aws4fetch";
import type { SystemKeys } from "./realm.ts";

export interface UserKey {
  readonly access_key: string;
  readonly secret_key: string;
}

export interface LiveUser {
  readonly user_id: string;
  readonly display_name: string;
  readonly max_buckets: number;
  readonly keys: readonly UserKey[];
  readonly caps: readonly { readonly type: string; readonly perm: string }[];
}

const LIMIT_MS = 10_000;

export class AdminOps {
  readonly #client: AwsClient;
  readonly #base: string;

  constructor(base: string, keys: SystemKeys) {
    this.#base = base;
    const { accessKey: accessKeyId, secretKey: secretAccessKey } = keys;
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: "us-east-1", retries: 0 });
  }

  async #ask(method: string, query: Readonly<Record<string, string>>, body?: object): Promise<Response> {
    const url = `${this.#base}/admin/user?${new URLSearchParams({ ...query, format: "json" }).toString()}`;
    const signal = AbortSignal.timeout(LIMIT_MS);
    return await this.#client.fetch(url, { method, signal, ...(body ? { body: JSON.stringify(body) } : {}) });
  }

  /** Answer of a request that must succeed. The query is left out of errors: it can hold keys. */
  async #must(what: string, method: string, query: Readonly<Record<string, string>>, body?: object): Promise<string> {
    const answer = await this.#ask(method, query, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the gateway refused to ${what}: ${answer.status} ${text.slice(0, 300)}`);
    return text;
  }

  async user(uid: string): Promise<LiveUser | undefined> {
    const answer = await this.#ask("GET", { uid });
    const text = await answer.text();
    if (answer.ok) return JSON.parse(text) as LiveUser;
    if (answer.status === 404 && text.includes("NoSuchUser")) return undefined;
    throw new Error(`the gateway did not tell about user ${uid}: ${answer.status} ${text.slice(0, 300)}`);
  }

  async create(uid: string, fields: Readonly<Record<string, string>>): Promise<LiveUser> {
    return JSON.parse(await this.#must(`create user ${uid}`, "PUT", { uid, ...fields })) as LiveUser;
  }

  async modify(uid: string, fields: Readonly<Record<string, string>>): Promise<void> {
    await this.#must(`change user ${uid}`, "POST", { uid, ...fields });
  }

  async addKey(uid: string, key: UserKey): Promise<void> {
    const pair = { "access-key": key.access_key, "secret-key": key.secret_key, "generate-key": "false" };
    await this.#must(`add a key to user ${uid}`, "PUT", { key: "", uid, ...pair });
  }

  async removeKey(uid: string, accessKey: string): Promise<void> {
    await this.#must(`remove a key of user ${uid}`, "DELETE", { key: "", uid, "access-key": accessKey });
  }

  async addCaps(uid: string, caps: string): Promise<void> {
    await this.#must(`give capabilities to user ${uid}`, "PUT", { caps: "", uid, "user-caps": caps });
  }

  async removeCaps(uid: string, caps: string): Promise<void> {
    await this.#must(`take capabilities from user ${uid}`, "DELETE", { caps: "", uid, "user-caps": caps });
  }

  /** Limits of -1 and a quota that is off mean that there are none. */
  async setQuota(uid: string, quota: { enabled: boolean; max_size: number; max_objects: number }): Promise<void> {
    await this.#must(`set the quota of user ${uid}`, "PUT", { quota: "", uid, "quota-type": "user" }, quota);
  }
}
