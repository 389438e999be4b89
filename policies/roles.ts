/** A stack's role agrees with everything that it declares. */
import { at, isObject, TYPES } from "./record.ts";
import { defineRule, type Finding, shown } from "./rule.ts";
import { ofType, roleOfStack, rolesSaid } from "./stack.ts";

/** Harbor's seven scalable parts. */
export const PARTS = ["nginx", "portal", "core", "jobservice", "registry", "trivy", "exporter"] as const;

const NO_ROLE = { notApplicable: "nothing in the stack says a role" };
const NO_HARBOR = { notApplicable: "the stack declares no Harbor" };

export const oneRole = defineRule({
  name: "one-role",
  severity: "critical",
  description:
    "Every part of a stack is declared for the same role, or half of a site would serve and half would follow.",
  remediation: "Derive the role once, with roleOf(site, activeSite), and pass it to every part.",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const said = rolesSaid(stack);
    const role = roleOfStack(stack);
    if (role === undefined) return NO_ROLE;
    return said
      .filter((each) => each.role !== role)
      .map(({ resource, property, role: other }) => ({
        resource,
        property,
        value: shown(other),
        allowed: `${shown(role)}, as the rest of the stack says`,
      }));
  },
});

export const standbyRunsNothing = defineRule({
  name: "standby-runs-nothing",
  severity: "critical",
  description:
    "On a standby every Harbor part has 0 replicas: core cannot start on a read-only database and must not try.",
  remediation: "Take the replica counts from the role: 0 on the standby, the configured counts on the active site.",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const harbors = ofType(stack, TYPES.harbor);
    const role = roleOfStack(stack);
    if (harbors.length === 0) return NO_HARBOR;
    if (role !== "standby") return role === undefined ? NO_ROLE : { notApplicable: "the stack is the active site" };
    return harbors.flatMap((resource) =>
      PARTS.flatMap((part): Finding[] => {
        const property = `spec.helmValues.${part}.replicas`;
        const value = at(resource.props, property);
        return value === 0
          ? []
          : [{ resource, property, value: shown(value), allowed: "0, because the site is standby" }];
      }),
    );
  },
});

export const activeRunsAll = defineRule({
  name: "active-runs-all",
  severity: "high",
  description: "On the active site every Harbor part runs, or the site is up and yet does not serve.",
  remediation: "Set harbor.replicas of the part to 1 or more, or exempt a part that the team does without.",
  defaults: { exempt: [] as readonly string[] },
  about: { exempt: "parts that may have 0 replicas on the active site, such as trivy" },
  checkStack: (stack, { exempt }) => {
    const harbors = ofType(stack, TYPES.harbor);
    const role = roleOfStack(stack);
    if (harbors.length === 0) return NO_HARBOR;
    if (role !== "active") return role === undefined ? NO_ROLE : { notApplicable: "the stack is a standby" };
    return harbors.flatMap((resource) => {
      const values = at(resource.props, "spec.helmValues");
      // The chart ignores these two counts then.
      const behindIngress = ["ingress", "route"].includes(String(at(values, "expose.type")));
      const idle = [
        ...exempt,
        ...(behindIngress ? ["nginx"] : []),
        ...(at(values, "metrics.enabled") ? [] : ["exporter"]),
      ];
      return PARTS.filter((part) => !idle.includes(part)).flatMap((part): Finding[] => {
        const value = at(values, `${part}.replicas`);
        if (typeof value === "number" && value > 0) return [];
        const property = `spec.helmValues.${part}.replicas`;
        return [{ resource, property, value: shown(value), allowed: "1 or more, because the site is active" }];
      });
    });
  },
});

export const databaseFollowsRole = defineRule({
  name: "database-follows-role",
  severity: "critical",
  description:
    "A standby database is a replica with one instance, an active one is neither: the operator hangs on others.",
  remediation: "Take clusterReplication.isReplica and numberOfInstances from the role.",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const clusters = ofType(stack, TYPES.postgresql);
    const role = roleOfStack(stack);
    if (clusters.length === 0) return { notApplicable: "the stack declares no PostgreSQL cluster" };
    if (role === undefined) return NO_ROLE;
    const because = `because the site is ${role}`;
    return clusters.flatMap((resource): Finding[] => {
      const replica = at(resource.props, "spec.clusterReplication.isReplica");
      const instances = at(resource.props, "spec.numberOfInstances");
      const wanted = role === "standby";
      const fits = role === "standby" ? instances === 1 : typeof instances === "number" && instances > 0;
      const findings: Finding[] = [];
      if (replica !== wanted) {
        const property = "spec.clusterReplication.isReplica";
        findings.push({ resource, property, value: shown(replica), allowed: `${wanted}, ${because}` });
      }
      if (!fits) {
        const allowed = `${role === "standby" ? "1" : "1 or more"}, ${because}`;
        findings.push({ resource, property: "spec.numberOfInstances", value: shown(instances), allowed });
      }
      return findings;
    });
  },
});

export const realmFollowsRole = defineRule({
  name: "realm-follows-role",
  severity: "high",
  description:
    "Only a standby pulls its realm: Rook pulls at every reconcile, so an active site with a dead peer would be in error for ever.",
  remediation: "Set spec.pull from the role: absent on the active site, the active peer's endpoint on the standby.",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const realms = ofType(stack, TYPES.realm);
    const role = roleOfStack(stack);
    if (realms.length === 0) return { notApplicable: "the stack declares no realm" };
    if (role === undefined) return NO_ROLE;
    return realms.flatMap((resource): Finding[] => {
      const pull = at(resource.props, "spec.pull");
      const pulls = isObject(pull) && typeof pull.endpoint === "string";
      if (pulls === (role === "standby")) return [];
      const allowed = pulls
        ? "absent, because the site is active"
        : "the other site's endpoint, because the site is standby";
      return [{ resource, property: "spec.pull", value: shown(pull), allowed }];
    });
  },
});
