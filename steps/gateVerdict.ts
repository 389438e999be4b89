/**
 * Decides whether this site may be promoted, from what was seen of the other one on every path. No
 * I/O. Safe before fast: what cannot be told from an active site counts as one, unless this site is
 * active already, so that there is nothing to promote.
 */
import type { Site } from "../sites.ts";

/**
 * Harbor's health on the other site. `answers`: Harbor serves. `silent`: nothing, or a proxy that says
 * that nothing is behind it. `unclear`: something answers that may be Harbor.
 */
export interface HarborSight {
  readonly kind: "answers" | "silent" | "unclear";
  readonly says: string;
}

/** The other site's database. `unclear`: something answers, and its role cannot be told. */
export interface DatabaseSight {
  readonly kind: "writable" | "recovery" | "silent" | "unclear";
  readonly says: string;
}

/** The other site's gateway. `master`: its live cluster names its own zone as master. */
export interface GatewaySight {
  readonly kind: "master" | "follower" | "silent" | "unclear";
  readonly says: string;
}

/** Everything that the gate looks at. */
export interface Sights {
  readonly harbor: HarborSight;
  readonly database: DatabaseSight;
  readonly gateway: GatewaySight;
  /** This site serves already: its own database takes writes and its own zone is master. */
  readonly alreadyActive: boolean;
}

/** The decision. `retry` tells that a short wait may clear it up. */
export type GateVerdict =
  | { readonly pass: true; readonly says: string }
  | { readonly pass: false; readonly says: string; readonly retry: boolean };

/** Whether `site` may be promoted. */
export function gateVerdict(sights: Sights, names: { readonly site: Site; readonly peer: Site }): GateVerdict {
  const { harbor, database, gateway, alreadyActive } = sights;
  const { site, peer } = names;
  const standby = database.kind === "recovery";

  // A demoted site's zone stays master until the new side promotes its own: alone that is no active site.
  const active = [
    ...(harbor.kind === "answers" ? [harbor.says] : []),
    ...(database.kind === "writable" ? [database.says] : []),
    ...(gateway.kind === "master" && !standby ? [gateway.says] : []),
  ];
  if (active.length > 0) {
    const says = alreadyActive
      ? `both sites are active: ${site} takes writes, and so does ${peer}: ${active.join("; ")}`
      : `${peer} still answers as active: ${active.join("; ")}`;
    return { pass: false, retry: false, says };
  }
  if (alreadyActive) return { pass: true, says: `${site} is active already, and ${peer} answers as active on no path` };

  const doubts = standby
    ? []
    : [harbor, database, gateway].flatMap((sight) => (sight.kind === "unclear" ? [sight.says] : []));
  if (doubts.length > 0) {
    return { pass: false, retry: true, says: `it cannot be told that ${peer} is not active: ${doubts.join("; ")}` };
  }
  return {
    pass: true,
    says: standby
      ? `${peer} is a standby: ${database.says}; ${harbor.says}`
      : `${peer} answers as active on no path: ${[harbor, database, gateway].map(({ says }) => says).join("; ")}`,
  };
}

/** What the answer to `GET /api/v2.0/health` tells of a Harbor that should not be there. */
export function harborSight(where: string, status: number, body: unknown): HarborSight {
  const health = typeof body === "object" && body !== null && ("status" in body || "components" in body);
  if (health) return { kind: "answers", says: `Harbor answers at ${where} (${status})` };
  // 404, 502, 503, 504 are what ingress controllers and load balancers say when no pod is behind them.
  if (status === 404 || (status >= 502 && status <= 504)) {
    return { kind: "silent", says: `at ${where} a proxy answers ${status}, no Harbor behind it` };
  }
  return { kind: "unclear", says: `at ${where} something answers ${status} that is not Harbor's health` };
}

/** One sight out of two looks at the same database: what is known beats what is not, and the worse beats the better. */
export function combineDatabaseSights(
  looks: readonly { readonly kind: string; readonly why: string }[],
): DatabaseSight {
  const says = (kinds: readonly string[]) =>
    looks
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ why }) => `database ${why}`)
      .join(", ");
  for (const kind of ["writable", "recovery", "unclear", "silent"] as const) {
    if (looks.some((look) => look.kind === kind)) return { kind, says: says([kind]) };
  }
  return { kind: "unclear", says: says(["blind"]) || "the database was asked from nowhere" };
}
