/** What holds data, or unlocks it, is protected and never replaced. */
import { at, type ResourceRecord, TYPES } from "./record.ts";
import { defineRule, type Finding, shown } from "./rule.ts";
import type { Stack } from "./stack.ts";

/** Resources whose loss is a loss of data. */
const STATEFUL_TYPES: readonly string[] = [
  TYPES.harbor,
  TYPES.postgresql,
  TYPES.realm,
  TYPES.zoneGroup,
  TYPES.zone,
  TYPES.pool,
  TYPES.store,
  TYPES.user,
];

/** Resources that make the secrets with which that data is read. */
const SECRET_MAKERS = /^(random|tls):index\//;

export function isStateful({ type }: Pick<ResourceRecord, "type">): boolean {
  return STATEFUL_TYPES.includes(type) || SECRET_MAKERS.test(type);
}

const NOT_STATEFUL = { notApplicable: "the resource holds no data and makes no secret" };

export const statefulProtected = defineRule({
  name: "stateful-protected",
  severity: "critical",
  description:
    "What holds data or makes the secrets that unlock it is protected, so that no edit and no destroy deletes it.",
  remediation: "Declare it with protect: true. To remove it on purpose, a person types `pulumi state unprotect`.",
  defaults: { exempt: [] as readonly string[] },
  about: { exempt: "names of resources that may go, such as those of a throw-away site" },
  checkResource: (resource, { exempt }) => {
    if (!isStateful(resource)) return NOT_STATEFUL;
    if (resource.protect || exempt.includes(resource.name)) return [];
    return [{ resource, property: "protect", value: "false", allowed: "true" }];
  },
});

/** Words that change at a flip or an upgrade, and so would change a name. */
const FLEETING_NAME = /(^|[-_.])(active|standby|v?\d+\.\d+(\.\d+)?|\d{4}-\d{2}-\d{2})([-_.]|$)/;

export const statefulNeverReplaced = defineRule({
  name: "stateful-never-replaced",
  severity: "critical",
  description:
    "A stateful resource is updated, never replaced: its name is explicit and free of role, version and date. " +
    "The pack sees one role at a time; flip-only-updates compares both, in harbor-dr render.",
  remediation: "Give a fixed metadata.name, and drop deleteBeforeReplace and replaceOnChanges from its options.",
  defaults: {},
  about: {},
  checkResource: (resource) => {
    if (!isStateful(resource)) return NOT_STATEFUL;
    const { type, props, name, deleteBeforeReplace, replaceOnChanges } = resource;
    const findings: Finding[] = [];
    if (deleteBeforeReplace) {
      findings.push({ resource, property: "deleteBeforeReplace", value: "true", allowed: "absent" });
    }
    if (replaceOnChanges.length > 0) {
      findings.push({ resource, property: "replaceOnChanges", value: shown(replaceOnChanges), allowed: "absent" });
    }
    const objectName = at(props, "metadata.name");
    if (type.startsWith("kubernetes:") && typeof objectName !== "string") {
      const allowed = "explicit, or a new name is made up with each replacement";
      findings.push({ resource, property: "metadata.name", value: shown(objectName), allowed });
    }
    for (const [property, text] of [
      ["name", name],
      ["metadata.name", objectName],
    ] as const) {
      if (typeof text !== "string" || !FLEETING_NAME.test(text)) continue;
      findings.push({ resource, property, value: shown(text), allowed: "free of role, version and date" });
    }
    return findings;
  },
});

/** Properties of a Kubernetes object whose change means another object. */
const IDENTITY = ["apiVersion", "kind", "metadata.name", "metadata.namespace"] as const;

export const flipOnlyUpdates = defineRule({
  name: "flip-only-updates",
  severity: "critical",
  description:
    "A flip updates fields and nothing else: what exists depends on the site, only fields depend on the role.",
  remediation: "Declare the resource in both roles, under one name, and let only its fields follow the role.",
  defaults: {},
  about: {},
  checkFlip: (before, after) => {
    const [was, is] = [byUrn(before), byUrn(after)];
    const gone = before.resources.filter(({ urn }) => !is.has(urn));
    const made = after.resources.filter(({ urn }) => !was.has(urn));
    const allowed = "declared in both roles";
    return [
      ...gone.map((resource) => ({ resource, property: "existence", value: "deleted by the flip", allowed })),
      ...made.map((resource) => ({ resource, property: "existence", value: "created by the flip", allowed })),
      ...after.resources.flatMap((resource) => replacements(was.get(resource.urn), resource)),
    ];
  },
});

function byUrn(stack: Stack): Map<string, ResourceRecord> {
  return new Map(stack.resources.map((resource) => [resource.urn, resource]));
}

function replacements(before: ResourceRecord | undefined, resource: ResourceRecord): Finding[] {
  if (before === undefined) return [];
  const fixed = SECRET_MAKERS.test(resource.type) ? Object.keys({ ...before.props, ...resource.props }) : IDENTITY;
  const replacing = resource.type.startsWith("kubernetes:") || isStateful(resource) ? fixed : [];
  // `triggers[*]` means every item of `triggers`.
  const listed = resource.replaceOnChanges.map((property) => property.replace(/\[\*\]$/, ""));
  return [...replacing, ...listed].flatMap((property) => {
    const [old, now] = [shown(at(before.props, property)), shown(at(resource.props, property))];
    const allowed = "the same in both roles, because its change replaces the resource";
    return old === now ? [] : [{ resource, property, value: `${old} before the flip and ${now} after`, allowed }];
  });
}
