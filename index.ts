/** Entry point of the Pulumi program: one site, in the role that `activeSite` gives it. */
import { loadConfiguration } from "./config.ts";
import { declareSite } from "./site.ts";

export const {
  site,
  role,
  activeSite,
  externalUrl,
  harborEndpoint,
  databaseEndpoint,
  bucketEndpoint,
  bucket,
  versions,
  proofs,
  agreement,
  adminPassword,
  sharedSecrets,
} = await declareSite(loadConfiguration());
