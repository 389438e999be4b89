/**
 * The period: the object store's own record of which zone is master. Read from this site's cluster
 * through the toolbox, or from a running gateway through its admin API, which answers only while a
 * live cluster is behind it. What to do about a difference is decided here, without I/O.
 */
import { read } from "./shape.ts";

/** What a step looks at of a period. */
export interface Period {
  readonly id: string;
  readonly epoch: number;
  readonly realmEpoch: number;
  /** Name of the master zone; empty when the period names none. */
  readonly master: string;
  /** Names of the zones that belong to it. */
  readonly zones: readonly string[];
}

/** Reads the JSON of `radosgw-admin period get`, or of `GET /admin/realm/period`; undefined when it is none. */
export function parsePeriod(value: unknown): Period | undefined {
  const id = read.text(value, "id");
  const master = read.text(value, "master_zone");
  const groups = read.list(value, "period_map", "zonegroups");
  if (id === undefined || master === undefined || groups === undefined) return undefined;
  const zones = groups
    .flatMap((group) => read.list(group, "zones") ?? [])
    .map((zone) => ({ id: read.text(zone, "id") ?? "", name: read.text(zone, "name") ?? "" }));
  return {
    id,
    epoch: read.number(value, "epoch") ?? 0,
    realmEpoch: read.number(value, "realm_epoch") ?? 0,
    master: zones.find((zone) => zone.id === master)?.name ?? "",
    zones: zones.map(({ name }) => name),
  };
}

/** A period in one line. */
export const periodText = (period: Period): string =>
  `master zone ${period.master || "none"}, realm epoch ${period.realmEpoch}, epoch ${period.epoch}, period ${period.id.slice(0, 8)}`;

/** What the standby has to do about its period. */
export type StandbyCourse =
  | { readonly kind: "following" }
  | { readonly kind: "notPromotedYet" }
  | { readonly kind: "wait"; readonly why: string }
  | { readonly kind: "pull"; readonly why: string }
  | { readonly kind: "impossible"; readonly why: string };

/**
 * Compares this site's period with the one that the other site's gateway answers with.
 * @param own undefined while this site has no realm yet.
 * @param peer undefined while the other site's gateway does not answer.
 */
export function standbyCourse(
  own: Period | undefined,
  peer: Period | undefined,
  names: { readonly zone: string; readonly peerZone: string },
): StandbyCourse {
  if (own === undefined) return { kind: "wait", why: "this site has no realm yet; the operator pulls it" };
  if (peer === undefined) return { kind: "wait", why: "the other site's gateway does not answer" };
  if (peer.master === names.zone) return { kind: "notPromotedYet" };
  if (peer.master !== names.peerZone) {
    return {
      kind: "impossible",
      why: `the other site's period names ${peer.master || "no zone"} as master, not ${names.peerZone}`,
    };
  }
  if (own.id === peer.id) {
    if (own.zones.includes(names.zone)) return { kind: "following" };
    return { kind: "wait", why: `zone ${names.zone} is not part of the period yet; the operator adds it` };
  }
  if (own.realmEpoch > peer.realmEpoch) {
    return {
      kind: "wait",
      // Pulling an older period succeeds, and sets this site back to it.
      why: `this site's period is newer (realm epoch ${own.realmEpoch}) than the other site's (${peer.realmEpoch}), so it is not pulled; the other site was not promoted after this one`,
    };
  }
  return {
    kind: "pull",
    why: `this site's period ${own.id.slice(0, 8)} is not the other site's ${peer.id.slice(0, 8)}`,
  };
}
