/** Pools: those of a zone, and CephBlockPool, of which this project declares only `.rgw.root`. */
import { cephCommands } from "../../ceph/commands.ts";
import type { LabSite } from "../../layout.ts";
import { nameOf, type RookKind, specOf } from "./reconcile.ts";

export interface PoolSpec {
  readonly replicated?: { readonly size: number; readonly requireSafeReplicaSize?: boolean };
  readonly erasureCoded?: { readonly dataChunks: number; readonly codingChunks: number };
}

interface BlockPoolSpec extends PoolSpec {
  readonly name?: string;
  readonly application?: string;
}

/** Connections over which pools are made side by side: a lone one takes a quarter of a second per pool. */
const CONNECTIONS = 3;

const METADATA = ["rgw.control", "rgw.meta", "rgw.log", "rgw.buckets.index", "rgw.buckets.non-ec", "rgw.otp"];
const DATA = "rgw.buckets.data";

/** The refusals of Rook that a one-OSD cluster can judge. */
function checkPool(what: string, pool: PoolSpec): void {
  const size = pool.replicated?.size ?? 0;
  const coded = pool.erasureCoded !== undefined && pool.erasureCoded.dataChunks > 0;
  if (size > 0 && coded) throw new Error(`${what}: both replicated and erasureCoded are given; a pool has one of them`);
  if (size === 0 && !coded) throw new Error(`${what}: neither replicated.size nor erasureCoded is given`);
  if (size === 1 && pool.replicated?.requireSafeReplicaSize !== false) {
    throw new Error(`${what}: replicated.size is 1 and requireSafeReplicaSize is not false; one copy is not safe`);
  }
}

/** Makes those that are not there. The lab has one OSD and keeps one copy, whatever size is asked for. */
async function ensurePools(site: LabSite, names: readonly string[], application: string): Promise<void> {
  const shares = Array.from({ length: Math.min(CONNECTIONS, names.length) }, (_, share) =>
    names
      .filter((_name, index) => index % CONNECTIONS === share)
      .flatMap((name) => [`osd pool create ${name} 1`, `osd pool application enable ${name} ${application}`]),
  );
  await Promise.all(shares.map((share) => cephCommands(site, share)));
}

interface ZonePools {
  readonly metadataPool: PoolSpec;
  readonly dataPool: PoolSpec;
}

export function checkZonePools(pools: ZonePools): void {
  checkPool("metadataPool", pools.metadataPool);
  checkPool("dataPool", pools.dataPool);
}

export async function ensureZonePools(site: LabSite, zone: string): Promise<void> {
  const names = [...METADATA, DATA].map((pool) => `${zone}.${pool}`);
  await ensurePools(site, names, "rgw");
}

export const blockPoolKind: RookKind = {
  kind: "CephBlockPool",
  plural: "cephblockpools",
  phases: { busy: "Progressing", failed: "Failure" },
  async reconcile(object, context) {
    const spec = specOf<BlockPoolSpec>(object);
    checkPool(`CephBlockPool ${nameOf(object)}`, spec);
    await ensurePools(context.lab, [spec.name ?? nameOf(object)], spec.application ?? "rbd");
    return {};
  },
};
