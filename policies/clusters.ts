/** How a stack speaks to its cluster: a site that cannot be reached is an error, never a guess. */
import { at, TYPES } from "./record.ts";
import { defineRule, type Finding, shown } from "./rule.ts";

const NOT_A_PROVIDER = { notApplicable: "the resource is not a Kubernetes provider" };

export const noUnreachableShortcuts = defineRule({
  name: "no-unreachable-shortcuts",
  severity: "critical",
  description:
    "The provider never skips or deletes what it cannot reach: a demotion that never happened would look done, and two sites would serve.",
  remediation:
    "Remove skipUpdateUnreachable and deleteUnreachable. With a dead site, apply the other site's stack only.",
  defaults: {},
  about: {},
  checkResource: (resource) => {
    if (resource.type !== TYPES.provider) return NOT_A_PROVIDER;
    return ["skipUpdateUnreachable", "deleteUnreachable"].flatMap((property): Finding[] => {
      const value = at(resource.props, property);
      if (value === undefined || value === false || value === "false") return [];
      return [{ resource, property, value: shown(value), allowed: "absent" }];
    });
  },
});

export const clusterIdentified = defineRule({
  name: "cluster-identified",
  severity: "high",
  description:
    "The provider names its cluster (clusterIdentifier): otherwise a changed kubeconfig may look like another cluster and replace everything.",
  remediation: "Set clusterIdentifier to a name that belongs to the site, such as harbor-dr-primary.",
  defaults: {},
  about: {},
  checkResource: (resource) => {
    if (resource.type !== TYPES.provider) return NOT_A_PROVIDER;
    const value = at(resource.props, "clusterIdentifier");
    if (typeof value === "string" && value !== "") return [];
    return [
      { resource, property: "clusterIdentifier", value: shown(value), allowed: "a name that belongs to the site" },
    ];
  },
});
