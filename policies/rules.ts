/** All rules, in the order in which the documentation lists them. */
import { clusterIdentified, noUnreachableShortcuts } from "./clusters.ts";
import { harborAfterProofs, stepsOnlyForward } from "./order.ts";
import { databaseTls, pinnedVersions, requestsAndLimits } from "./quality.ts";
import { activeRunsAll, databaseFollowsRole, oneRole, realmFollowsRole, standbyRunsNothing } from "./roles.ts";
import type { Rule } from "./rule.ts";
import { noChartDefaults, noInlineCredentials, secretsOnlyInSecrets } from "./secrets.ts";
import { routingByActiveOnly, sameHarborOnBothSites, usersOnHomeSite } from "./sites.ts";
import { flipOnlyUpdates, statefulNeverReplaced, statefulProtected } from "./stateful.ts";

export const RULES: readonly Rule[] = [
  oneRole,
  standbyRunsNothing,
  activeRunsAll,
  databaseFollowsRole,
  realmFollowsRole,
  flipOnlyUpdates,
  statefulNeverReplaced,
  statefulProtected,
  sameHarborOnBothSites,
  usersOnHomeSite,
  routingByActiveOnly,
  harborAfterProofs,
  stepsOnlyForward,
  secretsOnlyInSecrets,
  noChartDefaults,
  noInlineCredentials,
  databaseTls,
  requestsAndLimits,
  pinnedVersions,
  noUnreachableShortcuts,
  clusterIdentified,
];
