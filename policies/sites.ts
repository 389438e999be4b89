/** What may exist on one site only, and what must be alike on both. */
import { HOME_SITE } from "../sites.ts";
import { at, isObject, type ResourceRecord, TYPES } from "./record.ts";
import { defineRule, type Finding, shown } from "./rule.ts";
import { ofType, roleOfStack, type Stack, siteOfStack, stepsNamed } from "./stack.ts";

export const usersOnHomeSite = defineRule({
  name: "users-on-home-site",
  severity: "critical",
  description:
    "Object-store users and buckets are made on the home site only; made on a zone that is not the master they get other keys.",
  remediation: `Declare it where the site is ${HOME_SITE}: multisite carries it to the other one.`,
  defaults: { homeSite: HOME_SITE as string },
  about: { homeSite: "the site that owns what must exist once" },
  checkStack: (stack, { homeSite }) => {
    const owned = [...ofType(stack, TYPES.user), ...stepsNamed(stack, "ensureBucket"), ...bucketClaims(stack)];
    const site = siteOfStack(stack);
    if (owned.length === 0) return { notApplicable: "the stack declares no user and no bucket" };
    if (site === undefined) return { notApplicable: "nothing in the stack says which site it is" };
    if (site === homeSite) return [];
    const allowed = `on ${homeSite} only`;
    return owned.map((resource) => ({ resource, property: "existence", value: `on ${site}`, allowed }));
  },
});

function bucketClaims({ resources }: Stack): ResourceRecord[] {
  return resources.filter(({ type }) => type.endsWith(":ObjectBucketClaim"));
}

/** What the two Harbors must have in common: property of the resource, and the key in the home stack's agreement. */
const COMMON = [
  ["metadata.name", "harbor.name"],
  ["spec.version", "harbor.version"],
  ["spec.externalURL", "harbor.externalUrl"],
] as const;

export const sameHarborOnBothSites = defineRule({
  name: "same-harbor-on-both-sites",
  severity: "critical",
  description:
    "Harbor has the same name, version and external URL on both sites. The pack compares with what the home stack exports; " +
    "harbor-dr render compares the sites themselves.",
  remediation: "Set these values once, in Pulumi.yaml, and apply the site that is behind.",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const harbors = ofType(stack, TYPES.harbor);
    if (harbors.length === 0) return { notApplicable: "the stack declares no Harbor" };
    const agreement = ofType(stack, TYPES.stackReference)
      .map(({ props }) => at(props, "outputs.agreement"))
      .find(isObject);
    return harbors.flatMap((resource): Finding[] => [
      ...COMMON.flatMap(([property, key]) =>
        agreement === undefined ? [] : different(resource, property, agreement[key], "the home stack"),
      ),
      ...different(resource, "spec.helmValues.externalURL", at(resource.props, "spec.externalURL"), "spec.externalURL"),
    ]);
  },
  checkSites: (primary, secondary) => {
    const [first] = ofType(primary, TYPES.harbor);
    const others = ofType(secondary, TYPES.harbor);
    if (first === undefined || others.length === 0) return { notApplicable: "not both sites declare a Harbor" };
    return others.flatMap((resource) =>
      COMMON.flatMap(([property]) => different(resource, property, at(first.props, property), "the primary site")),
    );
  },
});

function different(resource: ResourceRecord, property: string, wanted: unknown, where: string): Finding[] {
  const value = at(resource.props, property);
  return value === wanted
    ? []
    : [{ resource, property, value: shown(value), allowed: `${shown(wanted)}, as in ${where}` }];
}

export const routingByActiveOnly = defineRule({
  name: "routing-by-active-only",
  severity: "critical",
  description:
    "Only the active stack points the external name at its site: a name with two targets sends pushes to a site that drops them.",
  remediation: "Let the standby's DNSEndpoint name no target, and its Route 53 record be a lookup (Record.get).",
  defaults: {},
  about: {},
  checkStack: (stack) => {
    const records = ofType(stack, TYPES.dnsEndpoint, TYPES.awsRecord);
    const role = roleOfStack(stack);
    if (records.length === 0) return { notApplicable: "the stack declares no record" };
    if (role === undefined) return { notApplicable: "nothing in the stack says a role" };
    return records.flatMap((resource) =>
      resource.type === TYPES.dnsEndpoint ? endpointFindings(resource, role) : recordFindings(resource, role),
    );
  },
});

function endpointFindings(resource: ResourceRecord, role: string): Finding[] {
  const property = "spec.endpoints";
  const endpoints = at(resource.props, property);
  const count = Array.isArray(endpoints) ? endpoints.length : 0;
  if (role === "standby") {
    return count === 0
      ? []
      : [{ resource, property, value: shown(endpoints), allowed: "empty, because the site is standby" }];
  }
  return count > 0
    ? []
    : [{ resource, property, value: shown(endpoints), allowed: "this site's address, because it is active" }];
}

/** With Route 53 one record is handed over: the active stack writes it, the standby's only looks it up. */
function recordFindings(resource: ResourceRecord, role: string): Finding[] {
  if (resource.read === (role === "standby")) return [];
  const [value, allowed] = resource.read
    ? ["only read", "written by this stack, because the site is active"]
    : ["written by this stack", "only read, because the site is standby"];
  return [{ resource, property: "existence", value, allowed }];
}
