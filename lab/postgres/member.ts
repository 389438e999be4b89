/**
 * One member of a PostgreSQL cluster: its folder, certificate and Patroni process.
 *
 * A member stands for a pod, so it listens on a loopback address of its own inside the site's network namespace. Its
 * data outlives the process; whoever starts the member again finds it as it was, role included.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { dataDir, type LabSite } from "../layout.ts";
import type { Supervisor } from "../supervisor.ts";
import { type ClusterShape, ETCD_ENDPOINT, ETCD_FOLDER, type MemberFacts, memberConfig } from "./patroniConfig.ts";

const run = promisify(execFile);
/** The Unix user that the packages make; PostgreSQL refuses to run as root. */
export const UNIX_USER = "postgres";

export interface Cluster {
  readonly namespace: string;
  readonly name: string;
}

export interface Passwords {
  readonly postgres: string;
  readonly standby: string;
}

export const scopeOf = (cluster: Cluster): string => `${cluster.namespace}-${cluster.name}`;
export const memberName = (cluster: Cluster, ordinal: number): string => `${cluster.name}-${ordinal}`;
export const processName = (cluster: Cluster, ordinal: number): string => `patroni-${scopeOf(cluster)}-${ordinal}`;
export const memberFolder = (site: LabSite, cluster: Cluster, ordinal: number): string =>
  dataDir(site, "postgres", `${scopeOf(cluster)}-${ordinal}`);

/** 127.1.64.0 to 127.1.127.255 is for databases: third part by cluster, fourth by member. */
export function memberAddress(cluster: Cluster, ordinal: number): string {
  const hash = createHash("sha256").update(scopeOf(cluster)).digest();
  return `127.1.${64 + ((hash[0] ?? 0) % 64)}.${10 + ordinal}`;
}

let unixUser: Promise<{ uid: number; gid: number }> | undefined;
async function lookUpUser(): Promise<{ uid: number; gid: number }> {
  const id = async (flag: string): Promise<number> => Number((await run("id", [flag, UNIX_USER])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

async function writePrivately(file: string, text: string): Promise<void> {
  unixUser ??= lookUpUser();
  const { uid, gid } = await unixUser;
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await chown(`${file}.new`, uid, gid);
  await rename(`${file}.new`, file);
}

async function ensureCertificate(folder: string): Promise<void> {
  if (existsSync(join(folder, "server.crt"))) return;
  const key = join(folder, "server.key");
  const certificate = join(folder, "server.crt");
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650"],
    ...["-subj", "/CN=lab-postgres", "-keyout", key, "-out", `${certificate}.new`],
  ]);
  await writePrivately(key, await readFile(key, "utf8"));
  await rename(`${certificate}.new`, certificate);
  await chmod(certificate, 0o644);
}

/** Starts the member if it does not run. A new one makes its database, or clones the one that the shape follows. */
export async function startMember(
  site: LabSite,
  processes: Supervisor,
  member: { cluster: Cluster; ordinal: number; passwords: Passwords; shape: ClusterShape },
): Promise<void> {
  const { cluster, ordinal, passwords, shape } = member;
  const name = processName(cluster, ordinal);
  if (processes.running(name)) return;
  const folder = memberFolder(site, cluster, ordinal);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  unixUser ??= lookUpUser();
  const { uid, gid } = await unixUser;
  await chown(folder, uid, gid);
  await ensureCertificate(folder);
  const facts: MemberFacts = {
    scope: scopeOf(cluster),
    name: memberName(cluster, ordinal),
    address: memberAddress(cluster, ordinal),
    folder,
    superuserPassword: passwords.postgres,
    replicationPassword: passwords.standby,
  };
  const config = join(folder, "patroni.yml");
  await writePrivately(config, memberConfig(facts, shape));
  // HOME: libpq would look for certificates in root's home and stop at the refusal.
  await processes.start(name, ["/usr/bin/patroni", config], { user: UNIX_USER, cwd: folder, env: { HOME: folder } });
}

export async function stopMember(processes: Supervisor, cluster: Cluster, ordinal: number): Promise<void> {
  await processes.stop(processName(cluster, ordinal));
}

/** The member's volume is deleted with it, as the operator does when it is told to. */
export async function eraseMember(site: LabSite, cluster: Cluster, ordinal: number): Promise<void> {
  await rm(memberFolder(site, cluster, ordinal), { recursive: true, force: true });
}

/** Forgets what etcd knows of a cluster that is gone, so that one of the same name starts from nothing. */
export async function eraseScope(cluster: Cluster): Promise<void> {
  const prefix = `${ETCD_FOLDER}${scopeOf(cluster)}/`;
  const end = `${prefix.slice(0, -1)}0`; // "0" follows "/"
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const answer = await fetch(`http://${ETCD_ENDPOINT}/v3/kv/deleterange`, {
    method: "POST",
    body: JSON.stringify({ key: base64(prefix), range_end: base64(end) }),
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`etcd refused to forget ${prefix}: ${answer.status} ${await answer.text()}`);
}
