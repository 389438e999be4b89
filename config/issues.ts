/** Turns what the schema refuses into problems: the schema's own sentences, and the command that mends it. */
import { z } from "zod";
import { nearest, type Problem, setCommand, shown } from "./problems.ts";
import { settingsSchema } from "./schema.ts";
import { SECRET_NAMES } from "./secretKeys.ts";

const KNOWN_KEYS: readonly string[] = [...Object.keys(settingsSchema.shape), ...SECRET_NAMES];

/** Whether the value of a top-level key must not be repeated. */
export type IsHidden = (key: string) => boolean;

/** The problems that one issue stands for: one, or one for each unknown key. */
export function problemsOf(issue: z.core.$ZodIssue, input: unknown, isHidden: IsHidden): Problem[] {
  const showing = (path: readonly PropertyKey[]) => {
    return isHidden(String(path[0])) ? "(not shown)" : shown(at(input, path));
  };
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...issue.path, key], input, showing));
  }
  const received = at(input, issue.path);
  const sentence = sentenceFor(issue, input);
  const allowed = received === undefined ? `a value (it is required): ${sentence}` : sentence;
  return [{ key: issue.path.join("."), received: showing(issue.path), allowed, remedy: remedyFor(issue, input) }];
}

/** What the key is for and what form it has: a key's own description, then that of its type. */
function sentenceFor(issue: z.core.$ZodIssue, input: unknown): string {
  const choices = choicesAt(issue.path, input);
  if (choices !== undefined) return `one of ${choices.join(", ")}`;
  const schemas = layers(schemaAt(issue.path, input));
  const form = issue.code === "invalid_format" ? issue.message : undefined;
  const sentences = new Set([...schemas.map((schema) => schema.description), form, structureOf(schemas.at(-1))]);
  const known = [...sentences].filter((sentence) => sentence !== undefined);
  return known.length === 0 ? issue.message : known.join(": ");
}

function remedyFor(issue: z.core.$ZodIssue, input: unknown): string {
  const [key = "", ...rest] = issue.path;
  const structure = structureOf(layers(schemaAt(issue.path, input)).at(-1)) !== undefined;
  if (structure && rest.length === 0) return `edit Pulumi.yaml: config > harbor-dr:${String(key)} > value`;
  return setCommand(issue.path, issue.code === "invalid_value" ? String(issue.values[0]) : "<value>");
}

function unknownKey(
  path: readonly PropertyKey[],
  input: unknown,
  showing: (path: readonly PropertyKey[]) => string,
): Problem {
  const parent = layers(schemaAt(path.slice(0, -1), input)).at(-1);
  const known = path.length === 1 ? KNOWN_KEYS : keysOf(parent);
  const meant = nearest(String(path.at(-1)), known);
  // What was meant for a secret must not be repeated, encrypted or not.
  const value = (SECRET_NAMES as readonly (string | undefined)[]).includes(meant) ? "(not shown)" : showing(path);
  const text = path.map(String).join(".");
  const instead = [...path.slice(0, -1), meant ?? ""].map(String);
  const drop = path.length === 1 ? `pulumi config rm ${text}` : `remove ${text} from Pulumi.yaml or the stack's file`;
  return {
    key: text,
    received: `an unknown key with the value ${value}`,
    allowed: meant === undefined ? known.join(", ") : `${meant} (did you mean that?), or one of: ${known.join(", ")}`,
    remedy: meant === undefined ? drop : `${drop}; ${setCommand(instead, "<value>")}`,
  };
}

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);
}

/** The schema of the value at `path`. Of alternatives, the one that the input chose. */
function schemaAt(path: readonly PropertyKey[], input: unknown): z.ZodType | undefined {
  let schema: z.ZodType | undefined = settingsSchema;
  for (const [index, key] of path.entries()) {
    const inner: z.ZodType | undefined = layers(schema).at(-1);
    const value = at(input, path.slice(0, index));
    const object: z.ZodType | undefined = inner instanceof z.ZodDiscriminatedUnion ? chosen(inner, value) : inner;
    schema = object instanceof z.ZodObject ? (object.shape as Record<string, z.ZodType>)[String(key)] : undefined;
  }
  const alternatives = layers(schema).at(-1);
  if (!(alternatives instanceof z.ZodDiscriminatedUnion)) return schema;
  return chosen(alternatives, at(input, path)) ?? schema;
}

/** A schema and what it wraps (defaults, optionals), from the outside in. */
function layers(schema: z.ZodType | undefined): z.ZodType[] {
  if (schema === undefined) return [];
  const wraps = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return [schema, ...(wraps ? layers(schema.unwrap() as z.ZodType) : [])];
}

function alternativesOf(union: z.ZodDiscriminatedUnion): readonly z.ZodObject[] {
  return union.options.filter((option) => option instanceof z.ZodObject);
}

function nameOf(alternative: z.ZodObject, discriminator: string): string {
  const name = (alternative.shape as Record<string, unknown>)[discriminator];
  return name instanceof z.ZodLiteral ? String(name.value) : "";
}

function chosen(union: z.ZodDiscriminatedUnion, input: unknown): z.ZodObject | undefined {
  const { discriminator } = union.def;
  return alternativesOf(union).find((one) => nameOf(one, discriminator) === at(input, [discriminator]));
}

/** The names of the alternatives, where `path` is the key that chooses between them. */
function choicesAt(path: readonly PropertyKey[], input: unknown): string[] | undefined {
  const union = layers(schemaAt(path.slice(0, -1), input)).at(-1);
  if (!(union instanceof z.ZodDiscriminatedUnion) || path.at(-1) !== union.def.discriminator) return undefined;
  return alternativesOf(union).map((one) => nameOf(one, union.def.discriminator));
}

function keysOf(schema: z.ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function structureOf(schema: z.ZodType | undefined): string | undefined {
  if (schema instanceof z.ZodDiscriminatedUnion) return `a structure with the key ${schema.def.discriminator}`;
  return schema instanceof z.ZodObject ? `a structure with the keys ${keysOf(schema).join(", ")}` : undefined;
}
