/**
 * Passwords: taken from the credentials Secrets that are there, made where none is.
 *
 * On a standby nothing may be made up: the roles arrive by replication with the primary's passwords. The real operator
 * copies those over; here the Secrets must have been written first, which is what the program does.
 */
import { randomBytes } from "node:crypto";
import { apply, type KubeObject, read, type SiteContext } from "../controller.ts";
import { isReplica, type PostgresqlSpec } from "./spec.ts";

/** Something outside must change before the operator can go on; it waits and says so. */
export class NotYet extends Error {
  override readonly name = "NotYet";
  /** The operator calls it a failure, and tries again all the same. */
  readonly failed: boolean;
  constructor(message: string, options: { readonly failed?: boolean } = {}) {
    super(message);
    this.failed = options.failed === true;
  }
}

const secretHeader = (namespace: string, name: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace },
});

export async function secretValues(
  context: SiteContext,
  namespace: string,
  name: string,
): Promise<Record<string, string> | undefined> {
  const secret = await read<KubeObject>(context, secretHeader(namespace, name));
  if (secret === undefined) return undefined;
  const data = (secret.data ?? {}) as Record<string, string>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}

/** Object names know no underscore, role names do. */
export const credentialsName = (user: string, cluster: string): string =>
  `${user.replaceAll("_", "-")}.${cluster}.credentials.postgresql.acid.zalan.do`;

/** User to password, for the two system users and those of the spec. */
export async function credentials(
  context: SiteContext,
  cluster: { namespace: string; name: string; labels: Readonly<Record<string, string>> },
  spec: PostgresqlSpec,
): Promise<Map<string, string>> {
  const passwords = new Map<string, string>();
  for (const user of new Set(["postgres", "standby", ...Object.keys(spec.users ?? {})])) {
    const name = credentialsName(user, cluster.name);
    const existing = await secretValues(context, cluster.namespace, name);
    if (existing !== undefined) {
      if (existing.password === undefined || existing.password === "") {
        throw new NotYet(`Secret ${cluster.namespace}/${name} has no key "password"`);
      }
      passwords.set(user, existing.password);
      continue;
    }
    if (isReplica(spec)) {
      throw new NotYet(
        `Secret ${cluster.namespace}/${name} is missing; a standby takes the primary's password for "${user}" from it`,
      );
    }
    const password = randomBytes(24).toString("base64url");
    await apply(context, {
      ...secretHeader(cluster.namespace, name),
      metadata: { name, namespace: cluster.namespace, labels: { ...cluster.labels } },
      type: "Opaque",
      stringData: { username: user, password },
    });
    passwords.set(user, password);
  }
  return passwords;
}
