/**
 * What the core stand-in keeps in PostgreSQL: projects, accounts, one row for every pushed artifact, and one value
 * encrypted with Harbor's secretKey.
 *
 * A row is committed before the client's push is acknowledged, and a pull without its row is refused, so that an
 * image outlives a failover only if database and bucket both did. Everything that real Harbor takes from the
 * database rather than from its Secrets (the administrator's password after the first start, the read-only switch)
 * is taken from there here too, because it travels with the replica.
 */
import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import pg from "pg";
import type { CoreSettings } from "./settings.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS project (
  name text PRIMARY KEY, public boolean NOT NULL, created timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS account (name text PRIMARY KEY, salt bytea NOT NULL, hash bytea NOT NULL);
CREATE TABLE IF NOT EXISTS artifact (
  project text NOT NULL REFERENCES project (name), repository text NOT NULL, digest text NOT NULL,
  tag text NOT NULL, size bigint NOT NULL, pushed timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project, repository, digest, tag));
CREATE TABLE IF NOT EXISTS property (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO project (name, public) VALUES ('library', true) ON CONFLICT DO NOTHING;`;

/** Any number: makes two cores that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_251_602;
const CANARY = "harbor-dr canary";

export interface ArtifactRow {
  readonly digest: string;
  readonly size: number;
  readonly pushed: Date;
  readonly tags: readonly string[];
}

const hashOf = (password: string, salt: Buffer): Buffer => pbkdf2Sync(password, salt, 4096, 32, "sha256");

function encrypted(key: string, text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-128-gcm", key, iv);
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64");
}

function decrypted(key: string, text: string): string {
  const all = Buffer.from(text, "base64");
  const decipher = createDecipheriv("aes-128-gcm", key, all.subarray(0, 12));
  decipher.setAuthTag(all.subarray(12, 28));
  return decipher.update(all.subarray(28), undefined, "utf8") + decipher.final("utf8");
}

/** libpq's sslmode in the terms of node-postgres: `require` encrypts and believes any certificate. */
function tlsOf(sslmode: CoreSettings["database"]["sslmode"]): pg.PoolConfig["ssl"] {
  if (sslmode === "disable") return false;
  if (sslmode === "require") return { rejectUnauthorized: false };
  return sslmode === "verify-ca" ? { checkServerIdentity: () => undefined } : { rejectUnauthorized: true };
}

export class Database {
  readonly #pool: pg.Pool;

  constructor(at: CoreSettings["database"]) {
    this.#pool = new pg.Pool({
      host: at.host,
      port: at.port,
      user: at.user,
      password: at.password,
      database: at.name,
      ssl: tlsOf(at.sslmode),
      max: 8,
      connectionTimeoutMillis: 3000,
      query_timeout: 10_000,
      application_name: "harbor-core",
    });
    // A broken idle connection is replaced by the pool; without a listener it would end the process.
    this.#pool.on("error", () => undefined);
  }

  async #rows<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.#pool.query<R>(text, [...values])).rows;
  }

  async #atOnce<T>(act: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken = true;
    try {
      await client.query("BEGIN");
      const result = await act(client);
      await client.query("COMMIT");
      broken = false;
      return result;
    } finally {
      client.release(broken);
    }
  }

  /** Tables, the administrator and the encrypted value. Throws on a read-only database and on a wrong secretKey. */
  async migrate(secretKey: string, adminPassword: string): Promise<void> {
    await this.#atOnce(async (client) => {
      await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
      await client.query(SCHEMA);
      const salt = randomBytes(16);
      await client.query("INSERT INTO account VALUES ('admin', $1, $2) ON CONFLICT DO NOTHING", [
        salt,
        hashOf(adminPassword, salt),
      ]);
      await client.query("INSERT INTO property VALUES ('canary', $1) ON CONFLICT DO NOTHING", [
        encrypted(secretKey, CANARY),
      ]);
      const stored = await client.query<{ value: string }>("SELECT value FROM property WHERE name = 'canary'");
      try {
        if (decrypted(secretKey, stored.rows[0]?.value ?? "") === CANARY) return;
      } catch {
        // Falls through to the one message: any other key fails the authentication of the cipher.
      }
      throw new Error(
        "cannot decrypt what this database holds with this secretKey: another Harbor wrote it with another key; both sites need the same secretKey",
      );
    });
  }

  async ping(): Promise<void> {
    await this.#rows("SELECT 1");
  }

  async isReadOnly(): Promise<boolean> {
    const [row] = await this.#rows<{ no: boolean }>(
      "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS no",
    );
    return row?.no ?? true;
  }

  async passwordFits(account: string, password: string): Promise<boolean> {
    const [row] = await this.#rows<{ salt: Buffer; hash: Buffer }>("SELECT salt, hash FROM account WHERE name = $1", [
      account,
    ]);
    return row !== undefined && timingSafeEqual(hashOf(password, row.salt), row.hash);
  }

  /** False when the account is there already. */
  async addAccount(name: string, password: string): Promise<boolean> {
    const salt = randomBytes(16);
    const rows = await this.#rows("INSERT INTO account VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING name", [
      name,
      salt,
      hashOf(password, salt),
    ]);
    return rows.length === 1;
  }

  async property(name: string): Promise<string | undefined> {
    return (await this.#rows<{ value: string }>("SELECT value FROM property WHERE name = $1", [name]))[0]?.value;
  }

  async setProperty(name: string, value: string): Promise<void> {
    await this.#rows("INSERT INTO property VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2", [name, value]);
  }

  async project(name: string): Promise<{ readonly public: boolean } | undefined> {
    return (await this.#rows<{ public: boolean }>("SELECT public FROM project WHERE name = $1", [name]))[0];
  }

  /** False when the project is there already. */
  async addProject(name: string, isPublic: boolean): Promise<boolean> {
    const text = "INSERT INTO project (name, public) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING name";
    return (await this.#rows(text, [name, isPublic])).length === 1;
  }

  async projects(): Promise<{ name: string; public: boolean; created: Date; repositories: number }[]> {
    return await this.#rows(
      `SELECT p.name, p.public, p.created, count(DISTINCT a.repository)::int AS repositories
       FROM project p LEFT JOIN artifact a ON a.project = p.name GROUP BY p.name ORDER BY p.name`,
    );
  }

  async repositories(project: string): Promise<{ repository: string; artifacts: number }[]> {
    return await this.#rows(
      `SELECT repository, count(DISTINCT digest)::int AS artifacts FROM artifact WHERE project = $1
       GROUP BY repository ORDER BY repository`,
      [project],
    );
  }

  async artifacts(project: string, repository: string): Promise<ArtifactRow[]> {
    return await this.#rows<ArtifactRow & pg.QueryResultRow>(
      `SELECT digest, max(size)::float8 AS size, min(pushed) AS pushed,
         coalesce(array_agg(tag ORDER BY tag) FILTER (WHERE tag <> ''), '{}') AS tags
       FROM artifact WHERE project = $1 AND repository = $2 GROUP BY digest ORDER BY min(pushed)`,
      [project, repository],
    );
  }

  /** Committed when this returns. A tag moves away from the digest that had it; that digest stays, untagged. */
  async record(project: string, repository: string, digest: string, tag: string, size: number): Promise<void> {
    await this.#atOnce(async (client) => {
      if (tag !== "") {
        await client.query(
          `WITH moved AS (DELETE FROM artifact WHERE project = $1 AND repository = $2 AND tag = $3 AND digest <> $4
             RETURNING project, repository, digest, size, pushed)
           INSERT INTO artifact (project, repository, digest, tag, size, pushed)
           SELECT project, repository, digest, '', size, pushed FROM moved ON CONFLICT DO NOTHING`,
          [project, repository, tag, digest],
        );
      }
      await client.query(
        `INSERT INTO artifact (project, repository, digest, tag, size) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (project, repository, digest, tag) DO NOTHING`,
        [project, repository, digest, tag, size],
      );
    });
  }

  /** The digest that a tag or digest stands for, by the rows alone. */
  async digestOf(project: string, repository: string, reference: string): Promise<string | undefined> {
    const column = reference.includes(":") ? "digest" : "tag";
    const text = `SELECT digest FROM artifact WHERE project = $1 AND repository = $2 AND ${column} = $3 LIMIT 1`;
    return (await this.#rows<{ digest: string }>(text, [project, repository, reference]))[0]?.digest;
  }

  async forget(project: string, repository: string, digest: string): Promise<void> {
    await this.#rows("DELETE FROM artifact WHERE project = $1 AND repository = $2 AND digest = $3", [
      project,
      repository,
      digest,
    ]);
  }
}
