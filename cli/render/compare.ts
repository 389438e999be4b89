/** What differs between two lists of resources: objects added and removed, fields changed. */
import { leaves, mapStrings, type ResourceRecord } from "../../policies/record.ts";
import { shortType } from "../../policies/rule.ts";

/** One field, before and after, as text that may be shown. */
export interface FieldChange {
  readonly path: string;
  /** Undefined where the field was not there. */
  readonly before?: string;
  /** Undefined where the field is gone. */
  readonly after?: string;
}

/** One resource that differs. */
export interface ResourceChange {
  readonly resource: string;
  readonly kind: string;
  /** namespace/name of the Kubernetes object, where it is one. */
  readonly object?: string;
  readonly change: "added" | "changed" | "removed";
  /** The fields of a changed resource; none for one that was added or removed. */
  readonly fields: readonly FieldChange[];
}

/** What changes from `before` to `after`, in the order of names. */
export function compare(before: readonly ResourceRecord[], after: readonly ResourceRecord[]): ResourceChange[] {
  const [was, is] = [keyed(before), keyed(after)];
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort();
  return keys.flatMap((key): ResourceChange[] => {
    const [old, now] = [was.get(key), is.get(key)];
    if (old === undefined && now !== undefined) return [{ ...identity(now), change: "added", fields: [] }];
    if (old !== undefined && now === undefined) return [{ ...identity(old), change: "removed", fields: [] }];
    if (old === undefined || now === undefined) return [];
    const fields = fieldChanges(old, now);
    return fields.length === 0 ? [] : [{ ...identity(now), change: "changed", fields }];
  });
}

/** By name first, so that the lists read well; the URN tells two of the same name apart. */
function keyed(resources: readonly ResourceRecord[]): Map<string, ResourceRecord> {
  return new Map(resources.map((resource) => [`${resource.name} ${resource.urn}`, resource]));
}

function identity({ name, type, props }: ResourceRecord) {
  const { metadata } = props as { metadata?: { name?: unknown; namespace?: unknown } };
  const object = [metadata?.namespace, metadata?.name].filter((part) => typeof part === "string").join("/");
  return { resource: name, kind: shortType(type), ...(object === "" ? {} : { object }) };
}

/** Options are fields too: a lost `protect` matters more than a port. */
function fieldsOf(resource: ResourceRecord): Map<string, string> {
  const { props, read, protect, deleteBeforeReplace } = resource;
  const options = { "(read only)": read, "(protect)": protect, "(deleteBeforeReplace)": deleteBeforeReplace };
  // Empty objects and lists are values too, though they have no leaves.
  const all = leaves({ ...options, ...(mapStrings(props, (text) => text) as object) });
  return new Map([...all, ...empties(props)].map(({ path, value }) => [path, text(value)]));
}

function empties(value: unknown, path = ""): { path: string; value: unknown }[] {
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  if (entries.length === 0) return path === "" ? [] : [{ path, value }];
  return entries.flatMap(([key, item]) => empties(item, path === "" ? key : `${path}.${key}`));
}

function fieldChanges(before: ResourceRecord, after: ResourceRecord): FieldChange[] {
  const [was, is] = [fieldsOf(before), fieldsOf(after)];
  const paths = [...new Set([...was.keys(), ...is.keys()])].sort();
  const fields = paths.flatMap((path): FieldChange[] => {
    const [old, now] = [was.get(path), is.get(path)];
    // That an object was empty is no news beside what is in it now.
    const filled = (fields: Map<string, string>) => [...fields.keys()].some((key) => key.startsWith(`${path}.`));
    if (old === now || filled(was) || filled(is)) return [];
    return [{ path, ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) }];
  });
  return [...orderChange(before, after), ...fields];
}

/** What it no longer waits for, and what it waits for now: the rest of a long list says nothing. */
function orderChange(before: ResourceRecord, after: ResourceRecord): FieldChange[] {
  const gone = before.dependencies.filter((urn) => !after.dependencies.includes(urn));
  const made = after.dependencies.filter((urn) => !before.dependencies.includes(urn));
  if (gone.length === 0 && made.length === 0) return [];
  const names = (urns: readonly string[]) => urns.map((urn) => urn.slice(urn.lastIndexOf("::") + 2)).join(", ");
  const [old, now] = [names(gone), names(made)];
  return [{ path: "(waits for)", ...(old === "" ? {} : { before: old }), ...(now === "" ? {} : { after: now }) }];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
