/**
 * The two sites and the one comparison that decides what a site does now.
 *
 * A site is an identity and the name of its stack; it never changes. A role is what the site does
 * now. Nothing but `roleOf` compares with `activeSite`, so a flip can be followed from one place.
 */

/** Both sites, in the order in which they are shown. */
export const SITES = ["primary", "secondary"] as const;

/** One of the two sites: an identity, and the name of its stack. */
export type Site = (typeof SITES)[number];

/** What a site does now: serve clients, or follow the site that does. */
export type Role = "active" | "standby";

/** The site that owns what must exist once: generated secrets, the object-store user, the bucket. */
export const HOME_SITE: Site = "primary";

/** The role of `site` while `activeSite` serves. */
export function roleOf(site: Site, activeSite: Site): Role {
  return site === activeSite ? "active" : "standby";
}

/** The other site. */
export function peerOf(site: Site): Site {
  return site === "primary" ? "secondary" : "primary";
}
