/** The program's own records, as render sees them, and small edits to them: each case breaks one thing. */
import { fileURLToPath } from "node:url";
import { startRunner } from "../../../cli/render/trees.ts";
import type { View } from "../../../cli/render/views.ts";
import { isObject, type ResourceRecord } from "../../../policies/record.ts";
import type { Rule } from "../../../policies/rule.ts";
import type { Stack } from "../../../policies/stack.ts";
import { roleOf, type Site } from "../../../sites.ts";

/** All four views of the committed program, or the reason why it does not run. */
export async function programViews(): Promise<Views> {
  const runner = startRunner();
  const result = await runner.run(fileURLToPath(new URL("../../..", import.meta.url)));
  runner.end();
  if ("failed" in result) throw new Error(result.failed);
  return new Views(result.tree.views);
}

export class Views {
  readonly all: readonly View[];

  constructor(all: readonly View[]) {
    this.all = all;
  }

  /** A site's stack in a role. */
  in(site: Site, role: "active" | "standby"): Stack {
    const found = this.all.find((view) => view.site === site && roleOf(site, view.activeSite) === role);
    if (found === undefined) throw new Error(`no view of ${site} as ${role}`);
    return { resources: found.resources };
  }
}

/** A stack with one resource edited. */
export function edited(stack: Stack, name: string, edit: (resource: Editable) => void): Stack {
  const index = stack.resources.findIndex((resource) => resource.name === name);
  const found = stack.resources[index];
  if (found === undefined) throw new Error(`the program declares no ${name}`);
  const copy = structuredClone(found) as Editable;
  edit(copy);
  return { resources: stack.resources.map((resource, at) => (at === index ? copy : resource)) };
}

/** A stack with one property of one resource set, by a dotted path; undefined takes it away. */
export function set(stack: Stack, name: string, path: string, value: unknown): Stack {
  return edited(stack, name, ({ props }) => {
    const keys = path.split(".");
    const last = keys.pop() ?? path;
    const holder = keys.reduce<Record<string, unknown>>((inner, key) => {
      const next = inner[key];
      if (isObject(next)) return next;
      const made = {};
      inner[key] = made;
      return made;
    }, props);
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  });
}

/** A stack with one more resource. */
export function added(stack: Stack, resource: Partial<ResourceRecord> & Pick<ResourceRecord, "type" | "name">): Stack {
  const urn = `urn:pulumi:test::harbor-dr::${resource.type}::${resource.name}`;
  const rest = {
    props: {},
    dependencies: [],
    read: false,
    protect: false,
    deleteBeforeReplace: false,
    replaceOnChanges: [],
  };
  return { resources: [...stack.resources, { ...rest, urn, ...resource }] };
}

/** A stack without the resources of one name. */
export function without(stack: Stack, ...names: readonly string[]): Stack {
  return { resources: stack.resources.filter(({ name }) => !names.includes(name)) };
}

/** A stack of the resources of these types alone. */
export function only(stack: Stack, ...types: readonly string[]): Stack {
  return { resources: stack.resources.filter(({ type }) => types.includes(type)) };
}

export type Editable = { -readonly [Key in keyof ResourceRecord]: ResourceRecord[Key] } & {
  props: Record<string, unknown>;
};

/** What a rule looks at: one stack, both sites, or one site before and after a flip. */
export type Subject =
  | { readonly stack: Stack }
  | { readonly sites: readonly [Stack, Stack] }
  | { readonly flip: readonly [Stack, Stack] };

/** One thing that breaks one rule. */
export interface Broken {
  readonly title: string;
  readonly subject: Subject;
  /** The whole list, in order: resource, property, value, allowed. */
  readonly found: readonly (readonly [string, string, string, string])[];
}

/** Everything that is tried on one rule. */
export interface RuleCases {
  readonly rule: Rule;
  readonly kept: readonly Subject[];
  readonly broken: readonly Broken[];
  readonly notApplicable: readonly { readonly subject: Subject; readonly why: string }[];
  /** A team's settings under which something that is broken by default is accepted, and something still is not. */
  readonly configured?: readonly {
    readonly settings: Readonly<Record<string, unknown>>;
    readonly subject: Subject;
    readonly found: Broken["found"];
  }[];
}
