/**
 * The kinds' types, the lab's strict definitions and the specs that the program declares say the same: a field that
 * is added to one and not to the other would be a lab that accepts what a cluster refuses, or the other way round.
 */
import { readdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SITES } from "../../sites.ts";
import { type DeclaredResource, deploy } from "../harness.ts";
import { compile, type Field, type KindType, kindTypes } from "../kindTypes.ts";
import { complaints, type Schema } from "../structural.ts";

interface Definition {
  readonly kind: string;
  readonly type: string;
  readonly spec: Schema;
}

/** Fields that users and the lab's own tests set, and this program does not. Everything else in a definition is ours. */
const NOT_OURS: Readonly<Record<string, readonly RegExp[]>> = {
  CephBlockPool: [/^deviceClass$/, /^erasureCoded/, /^parameters/, /^replicated\.(replicasPer|subFailure)/],
  CephObjectZone: [
    /Pool\.(deviceClass|application)$/,
    /Pool\.(erasureCoded|parameters)/,
    /Pool\.replicated\.(replicasPer|subFailure)/,
  ],
  CephObjectRealm: [/^defaultRealm$/],
  CephObjectStore: [/^allowUsersInNamespaces/, /^preservePoolsOnDelete$/, /^gateway\.securePort$/],
  CephObjectStoreUser: [/^quotas/, /^capabilities/, /^keys\.\[\]\.(access|secret)KeyRef\.optional$/],
};

const definitions = readdirSync("lab/crds").map((file): Definition => {
  const { spec } = parse(readFileSync(`lab/crds/${file}`, "utf8")) as {
    spec: {
      group: string;
      names: { kind: string };
      versions: [{ name: string; schema: { openAPIV3Schema: { properties: { spec: Schema } } } }];
    };
  };
  const [version] = spec.versions;
  const { kind } = spec.names;
  return {
    kind,
    type: `kubernetes:${spec.group}/${version.name}:${kind}`,
    spec: version.schema.openAPIV3Schema.properties.spec,
  };
});

const kinds = kindTypes();
const pairs = definitions.map((definition) => [definition.kind, definition] as const);

it("every kind has a definition in the lab, and every definition a kind", () => {
  expect(definitions.map(({ kind }) => kind).sort()).toEqual(kinds.map(({ kind }) => kind).sort());
});

describe.each(pairs)("%s", (kind, definition) => {
  const { fields } = kindNamed(kind);
  const known = fieldsOf(definition.spec);
  const open = [...known].flatMap(([path, { schema }]) => (isOpen(schema) ? [`${path}.`] : []));
  const checked = [...fields].filter(([path]) => !open.some((prefix) => path.startsWith(prefix)));

  it("has every field of the type, with its JSON type", () => {
    const wrong = checked.flatMap(([path, field]) => {
      const found = lookUp(known, path);
      if (found === undefined) return [`${path}: not in the definition`];
      return found.types.includes(field.type) ? [] : [`${path}: ${field.type}, defined as ${found.types.join(" or ")}`];
    });
    expect(wrong).toEqual([]);
  });

  it("has no field that the type lacks, but for those that are not ours", () => {
    const exceptions = NOT_OURS[kind] ?? [];
    const ours = new Set([...fields.keys()].flatMap((path) => [path, inMap(path)]));
    const further = [...known.keys()].filter((path) => !ours.has(path));
    expect(further.filter((path) => !exceptions.some((each) => each.test(path)))).toEqual([]);
    expect(exceptions.filter((each) => !further.some((path) => each.test(path)))).toEqual([]);
  });

  it("wants nothing that the type leaves out, and no other words than the type's", () => {
    const wrong = checked.flatMap(([path, field]) => {
      const { required, schema } = lookUp(known, path) ?? { required: false, schema: {} };
      const words = (field.choices ?? []).filter((word) => schema.enum !== undefined && !schema.enum.includes(word));
      return [
        ...(required && field.optional ? [`${path}: required, and optional in the type`] : []),
        ...words.map((word) => `${path}: ${word} is refused`),
      ];
    });
    expect(wrong).toEqual([]);
  });
});

describe("what the program declares", () => {
  const declared: { readonly where: string; readonly definition: Definition; readonly resource: DeclaredResource }[] =
    [];

  beforeAll(async () => {
    const routing = { type: "externalDns" };
    for (const site of SITES) {
      for (const activeSite of SITES) {
        const { resources } = await deploy({ site, activeSite, values: { routing } });
        for (const resource of resources) {
          const definition = definitions.find(({ type }) => type === resource.type);
          const where = `${resource.name} on ${site} with ${activeSite} active`;
          if (definition !== undefined) declared.push({ where, definition, resource });
        }
      }
    }
  }, 30_000);

  it("declares every kind", () => {
    expect(new Set(declared.map(({ definition }) => definition.kind))).toEqual(new Set(kinds.map(({ kind }) => kind)));
  });

  it("fits the definitions in both roles of both sites", () => {
    const refused = declared.flatMap(({ where, definition, resource }) =>
      complaints(resource.inputs.spec, definition.spec).map((problem) => `${where}: ${problem}`),
    );
    expect(refused).toEqual([]);
  });

  it("the check refuses what an API server refuses", () => {
    const schema = definitions.find(({ kind }) => kind === "postgresql")?.spec ?? {};
    const good = declared.find(({ definition }) => definition.kind === "postgresql")?.resource.inputs.spec as object;
    expect(complaints({ ...good, numberOfInstances: "2", clusterReplicaton: {} }, schema)).toEqual([
      'spec.numberOfInstances: "2" is no integer',
      "spec.clusterReplicaton: unknown field",
    ]);
  });

  it("compiles as it is, and not with any one field misspelt", () => {
    const tried = new Set<string>();
    const trials = declared.flatMap(({ where, definition, resource }) => {
      const kind = kindNamed(definition.kind);
      const spec = resource.inputs.spec;
      const paths = pathsIn(spec, kind.fields).filter((path) => {
        const first = !tried.has(`${kind.kind} ${path.join(".")}`);
        tried.add(`${kind.kind} ${path.join(".")}`);
        return first;
      });
      const misspelt = paths.map((path) => ({
        where: `${where}: ${path.join(".")}`,
        kind,
        literal: withMisspelt(spec, path),
        wrong: true,
      }));
      return [{ where, kind, literal: spec, wrong: false }, ...misspelt];
    });
    expect(tried.size).toBeGreaterThan(150);
    const said = compile(trials);
    const unexpected = trials.flatMap(({ where, wrong }, index) => {
      const messages = said[index] ?? [];
      if (wrong) return messages.length === 0 ? [`${where}: misspelt, and compiled`] : [];
      return messages.map((message) => `${where}: ${message}`);
    });
    expect(unexpected).toEqual([]);
  });
});

it("says which field was meant", () => {
  const kind = kindNamed("CephObjectZoneGroup");
  const [[message] = [], nothing] = compile([
    { kind, literal: { relm: "harbor" } },
    { kind, literal: { realm: "harbor" } },
  ]);
  expect(message).toMatch(/"relm"' does not exist in type 'CephObjectZoneGroupSpec'/);
  expect(nothing).toEqual([]);
});

function kindNamed(name: string): KindType {
  const found = kinds.find(({ kind }) => kind === name);
  if (found === undefined) throw new Error(`kinds/ has no ${name}`);
  return found;
}

interface Known {
  readonly types: readonly Field["type"][];
  readonly required: boolean;
  readonly schema: Schema;
}

/** Every field of a schema by its path, named as `kindTypes` names them. */
function fieldsOf(schema: Schema, path = "", required = false, found = new Map<string, Known>()): Map<string, Known> {
  const join = (name: string) => (path === "" ? name : `${path}.${name}`);
  if (path !== "") found.set(path, { types: typesOf(schema), required, schema });
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    fieldsOf(child, join(name), schema.required?.includes(name) === true, found);
  }
  if (schema.items !== undefined) fieldsOf(schema.items, join("[]"), false, found);
  if (schema.additionalProperties !== undefined) fieldsOf(schema.additionalProperties, join("{}"), false, found);
  return found;
}

/** The field of a definition; a type may name keys of what the definition calls a map. */
function lookUp(known: ReadonlyMap<string, Known>, path: string): Known | undefined {
  return known.get(path) ?? known.get(inMap(path));
}

const inMap = (path: string) => path.replace(/[^.]+$/, "{}");

function typesOf(schema: Schema): Field["type"][] {
  if (schema["x-kubernetes-int-or-string"] === true) return ["string", "number"];
  if (schema.type === "integer" || schema.type === "number") return ["number"];
  // A map's keys are the user's; a type may still name the ones that it uses.
  if (schema.type === "object") return schema.additionalProperties === undefined ? ["object"] : ["map", "object"];
  return schema.type === undefined ? [] : [schema.type];
}

function isOpen(schema: Schema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

/** Paths of a value's own keys, those of maps left out: they are the user's to choose. */
function pathsIn(value: unknown, fields: ReadonlyMap<string, Field>, at: readonly string[] = []): string[][] {
  if (typeof value !== "object" || value === null) return [];
  const isArray = Array.isArray(value);
  const here = at.map((key) => (/^\d+$/.test(key) ? "[]" : key)).join(".");
  if (fields.get(here)?.type === "map") return [];
  return Object.entries(value).flatMap(([key, child]) => [
    ...(isArray ? [] : [[...at, key]]),
    ...pathsIn(child, fields, [...at, key]),
  ]);
}

/** The value with the last key of `path` misspelt. */
function withMisspelt(value: unknown, path: readonly string[]): unknown {
  const [key = "", ...rest] = path;
  const entries = Object.entries(value as object).map(([name, child]) => {
    if (name !== key) return [name, child];
    return rest.length === 0 ? [`${name}s`, child] : [name, withMisspelt(child, rest)];
  });
  return Array.isArray(value) ? entries.map(([, child]) => child) : Object.fromEntries(entries);
}
