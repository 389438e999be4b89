/** Questions that several rules ask of a whole stack. */
import { at, type ResourceRecord, TYPES } from "./record.ts";

/** All resources of one site's stack. */
export interface Stack {
  readonly resources: readonly ResourceRecord[];
}

/** What a site does now, as the stack itself says. */
export type DeclaredRole = "active" | "standby";

/** A resource that says which role it was declared for. */
export interface RoleSaid {
  readonly resource: ResourceRecord;
  readonly property: string;
  readonly role: string;
}

export function ofType(stack: Stack, ...types: readonly string[]): ResourceRecord[] {
  return stack.resources.filter(({ type }) => types.includes(type));
}

/** Everything that says its role: components by an argument, steps by an environment variable. */
export function rolesSaid({ resources }: Stack): RoleSaid[] {
  return resources.flatMap((resource) => {
    const property = resource.type === TYPES.command ? "environment.DR_ROLE" : "role";
    const role = at(resource.props, property);
    const says = resource.type === TYPES.command || resource.type.startsWith("harbor-dr:");
    return says && typeof role === "string" ? [{ resource, property, role }] : [];
  });
}

/** The stack's role: the one that most of it says. Undefined when nothing says any. */
export function roleOfStack(stack: Stack): DeclaredRole | undefined {
  const roles = rolesSaid(stack).map(({ role }) => role);
  const active = roles.filter((role) => role === "active").length;
  const standby = roles.filter((role) => role === "standby").length;
  if (active === 0 && standby === 0) return undefined;
  return active >= standby ? "active" : "standby";
}

/** The site that the stack is, as its steps and components say. */
export function siteOfStack(stack: Stack): string | undefined {
  for (const { type, props } of stack.resources) {
    const site = type === TYPES.command ? at(props, "environment.DR_SITE") : at(props, "site");
    if (typeof site === "string" && (type === TYPES.command || type.startsWith("harbor-dr:"))) return site;
  }
  return undefined;
}

/** The commands that run one of this project's steps, such as `proveDatabase`. */
export function stepsNamed(stack: Stack, step: string): ResourceRecord[] {
  const file = new RegExp(`(^|[\\s/])steps/${step}\\.[cm]?[jt]s(\\s|$)`);
  return ofType(stack, TYPES.command).filter(({ props }) => file.test(String(props.create)));
}

/** Every resource that `resource` waits for, directly or through others, itself not included. */
export function allDependencies(stack: Stack, resource: ResourceRecord): Set<string> {
  const byUrn = new Map(stack.resources.map((each) => [each.urn, each]));
  const children = new Map<string, string[]>();
  for (const { urn, parent } of stack.resources) {
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), urn]);
  }
  const found = new Set<string>();
  const pending = [...resource.dependencies];
  for (let urn = pending.pop(); urn !== undefined; urn = pending.pop()) {
    if (found.has(urn)) continue;
    found.add(urn);
    const each = byUrn.get(urn);
    // Waiting for a component means waiting for its children.
    pending.push(
      ...(each?.dependencies ?? []),
      ...(each?.type.startsWith("harbor-dr:") ? (children.get(urn) ?? []) : []),
    );
  }
  return found;
}
