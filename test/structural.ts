/** Checks an object against a definition's structural schema, as an API server with strict field validation does. */

/** The part of a schema that the lab's definitions use. */
export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly nullable?: boolean;
  readonly format?: string;
  readonly default?: unknown;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
}

/** Every complaint, each with the path that it is about. */
export function complaints(value: unknown, schema: Schema, path = "spec"): string[] {
  if (value === null) return schema.nullable === true ? [] : [`${path}: null is not allowed`];
  if (schema["x-kubernetes-int-or-string"] === true) {
    return ["string", "number"].includes(typeof value) ? [] : [`${path}: neither a number nor a text`];
  }
  if (!hasType(value, schema.type)) return [`${path}: ${JSON.stringify(value)} is no ${schema.type}`];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? [] : value.flatMap((item, index) => complaints(item, items, `${path}[${index}]`));
  }
  if (typeof value === "object") return inObject(value as Record<string, unknown>, schema, path);
  return inScalar(value, schema).map((problem) => `${path}: ${problem}`);
}

function inObject(value: Readonly<Record<string, unknown>>, schema: Schema, path: string): string[] {
  const missing = (schema.required ?? []).filter((key) => value[key] === undefined);
  const below = Object.entries(value).flatMap(([key, child]) => {
    const known = schema.properties?.[key] ?? schema.additionalProperties;
    if (known !== undefined) return complaints(child, known, `${path}.${key}`);
    return schema["x-kubernetes-preserve-unknown-fields"] === true ? [] : [`${path}.${key}: unknown field`];
  });
  return [...missing.map((key) => `${path}.${key}: required`), ...below];
}

function inScalar(value: unknown, schema: Schema): string[] {
  const problems: string[] = [];
  if (schema.enum !== undefined && !schema.enum.includes(value)) problems.push(`${value} is not in the list`);
  if (typeof value === "string") {
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) problems.push(`${value} does not fit`);
    if (value.length < (schema.minLength ?? 0)) problems.push("too short");
  }
  if (typeof value === "number") {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
    if (value < minimum || value > maximum) problems.push(`${value} is out of range`);
  }
  return problems;
}

function hasType(value: unknown, type: Schema["type"]): boolean {
  if (type === undefined) return true;
  if (type === "array") return Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type && !Array.isArray(value);
}
