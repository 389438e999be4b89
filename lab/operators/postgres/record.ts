/**
 * What the operator must remember of a cluster across a kill and that neither the custom resource nor Patroni says:
 * whose data the folders hold, and whether the first member ever got as far as having a database.
 */
import { readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { dataDir, type LabSite } from "../../layout.ts";
import { type Cluster, scopeOf } from "../../postgres/member.ts";

export interface ClusterRecord {
  /** Of the custom resource: another one of the same name starts from nothing. */
  readonly uid: string;
  /** False until the first member has a database. What a kill leaves before that is thrown away. */
  readonly bootstrapped: boolean;
  /** Replication between sites was on when it was last a primary; only such a cluster may become a standby. */
  readonly replicated: boolean;
  /** Members that may have a process or a folder. */
  readonly instances: number;
}

const fileOf = (site: LabSite, cluster: Cluster): string => dataDir(site, "postgres", `${scopeOf(cluster)}.json`);

export function readRecord(site: LabSite, cluster: Cluster): ClusterRecord | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(site, cluster), "utf8")) as ClusterRecord;
  } catch {
    return undefined;
  }
}

export async function writeRecord(site: LabSite, cluster: Cluster, record: ClusterRecord): Promise<void> {
  const file = fileOf(site, cluster);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(record));
  await rename(`${file}.new`, file);
}

export async function eraseRecord(site: LabSite, cluster: Cluster): Promise<void> {
  await rm(fileOf(site, cluster), { force: true });
}
