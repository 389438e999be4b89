/**
 * The order in which a site's parts take on their role. The engine gives no order of its own, so
 * each part waits for the proof of the one before it.
 *
 * Active: the database, then the store, are promoted and proved before Harbor starts, because Harbor's
 * core does not start on a read-only database; the address moves last. Standby: the address and Harbor
 * go first, so that nothing writes any more when the database and the store become followers.
 */
import type * as pulumi from "@pulumi/pulumi";
import type { Role } from "../sites.ts";
import type { Clearance } from "./gate.ts";

/** The parts of a site that carry the role. */
export const ORDER = {
  active: ["database", "objectStore", "harbor", "routing"],
  standby: ["routing", "harbor", "database", "objectStore"],
} as const satisfies Record<Role, readonly string[]>;

export type PartName = (typeof ORDER)[Role][number];

/** A part whose role is proved once `proof` is there. */
export interface Part {
  readonly proof: pulumi.Resource;
}

/** What a part waits for: the gate, and the proof of every part before it. */
export type After = pulumi.Input<pulumi.Input<pulumi.Resource>[]>;

/** Builds every part in the order of `role`. */
export function inOrder<Parts extends Readonly<Record<PartName, Part>>>(
  role: Role,
  cleared: Clearance,
  build: { readonly [Name in PartName]: (after: After) => Parts[Name] },
): Parts {
  const built: { -readonly [Name in PartName]?: Parts[Name] } = {};
  const proofs: pulumi.Resource[] = [];
  for (const name of ORDER[role]) {
    const before = [...proofs];
    const part = build[name](cleared.apply(() => before));
    built[name] = part;
    proofs.push(part.proof);
  }
  return built as unknown as Parts;
}
