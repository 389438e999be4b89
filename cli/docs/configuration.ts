/** The configuration reference, made from the schema that the program itself loads, so that it cannot be out of date. */
import { z } from "zod";
import { settingsSchema } from "../../config/schema.ts";
import { SECRET_NAMES, SECRET_PAIRS, SECRET_RULES } from "../../config/secretKeys.ts";

/** One key of the reference. */
export interface Row {
  readonly key: string;
  readonly meaning: string;
  readonly allowed: string;
  readonly default: string;
}

/** Keys that every member of a structure has alike, and how they are written once for all of them. */
const ALIKE: Readonly<Record<string, string>> = {
  sites: "<site>",
  "harbor.replicas": "<part>",
  "harbor.resources": "<part>",
};

const REQUIRED = "required";
const SITE_KEYS = ["site", "kubeconfig", "kubeContext", "homeStack"];

/** The whole page. */
export function configurationReference(): string {
  const top = Object.entries(settingsSchema.shape) as [string, z.ZodType][];
  const scalars = top.filter(([, schema]) => !isStructure(schema));
  const structures = top.filter(([, schema]) => isStructure(schema));
  const ofSite = ([key]: [string, unknown]) => SITE_KEYS.includes(key);
  return [
    "# Configuration",
    "",
    "Made by `npm run docs` from the schema in `config/`; edit that, not this page.",
    "",
    "Both sites' stacks share `Pulumi.yaml`. `Pulumi.primary.yaml` and `Pulumi.secondary.yaml` hold what differs. A key that",
    "is not listed here is refused, and every problem is reported at once, with what is allowed and what to type.",
    "",
    "A key with a single value is set by a command: `pulumi config set activeSite secondary --stack primary`. A structure is",
    "edited in `Pulumi.yaml`, below `harbor-dr:<key>` and `value`:",
    "",
    "```yaml",
    "config:",
    "  harbor-dr:postgres:",
    "    value:",
    "      instances: 3",
    "```",
    "",
    "## One site",
    "",
    "In the site's own file.",
    "",
    table(scalars.filter(ofSite).flatMap(([key, schema]) => rowsOf(schema, key))),
    "",
    "## Both sites",
    "",
    "`activeSite` and `rerun` may be set for one stack alone, which is how a switch is done site by site.",
    "",
    table(scalars.filter((entry) => !ofSite(entry)).flatMap(([key, schema]) => rowsOf(schema, key))),
    "",
    ...structures.flatMap(([key, schema]) => [
      `## ${key}`,
      "",
      `${sentence(meaningOf(schema))}${noteOn(key)}`,
      "",
      table(rowsOf(schema, key)),
      "",
    ]),
    ...secretsPart(),
  ].join("\n");
}

/** Every key below `schema`, in its order. */
export function rowsOf(schema: z.ZodType, key: string, when = ""): Row[] {
  const inner = innermost(schema);
  if (inner instanceof z.ZodObject) {
    const members = Object.entries(inner.shape as Record<string, z.ZodType>);
    const name = ALIKE[key];
    const shown = name === undefined ? members : members.slice(0, 1).map(([, member]) => [name, member] as const);
    return shown.flatMap(([member, below]) => rowsOf(below, `${key}.${member}`, when));
  }
  if (inner instanceof z.ZodDiscriminatedUnion) return alternatives(schema, inner, key);
  const meaning = when === "" ? meaningOf(schema) : `${when}: ${meaningOf(schema)}`;
  const allowed = allowedBy(inner);
  return [{ key, meaning, allowed: allowed === meaningOf(schema) ? "as said" : allowed, default: defaultOf(schema) }];
}

function alternatives(schema: z.ZodType, union: z.ZodDiscriminatedUnion, key: string): Row[] {
  const by = union.def.discriminator;
  const options = union.options.filter((option) => option instanceof z.ZodObject);
  const nameOf = (option: z.ZodObject) => String((option.shape[by] as z.ZodLiteral).value);
  const chosen = {
    key: `${key}.${by}`,
    meaning: meaningOf(schema),
    allowed: options
      .map((option) => `\`${nameOf(option)}\`${option.description ? ` (${option.description})` : ""}`)
      .join(", "),
    default: code((prefaultOf(schema) as Record<string, unknown> | undefined)?.[by]),
  };
  const below = options.flatMap((option) =>
    Object.entries(option.shape as Record<string, z.ZodType>)
      .filter(([member]) => member !== by)
      .map(([member, child]) => ({ member, child, name: nameOf(option) })),
  );
  // A key that several alternatives have alike is one line.
  const idOf = ({ member, child }: { member: string; child: z.ZodType }) => `${member}: ${meaningOf(child)}`;
  const rows = [...new Set(below.map(idOf))].flatMap((id) => {
    const same = below.filter((each) => idOf(each) === id);
    const when = `with ${same.map(({ name }) => `\`${name}\``).join(", ")}`;
    return same.slice(0, 1).flatMap(({ member, child }) => rowsOf(child, `${key}.${member}`, when));
  });
  return [chosen, ...rows];
}

function secretsPart(): string[] {
  const pairs = SECRET_PAIRS.map((pair) => pair.map((name) => `\`${name}\``).join(" and ")).join("; ");
  const rows = SECRET_NAMES.map((name) => {
    const { meaning, allowed } = SECRET_RULES[name];
    return { key: name, meaning, allowed, default: "generated on the home site" };
  });
  return [
    "## Secrets",
    "",
    "All of them are generated when absent. Supply one to adopt an existing Harbor, on both stacks alike:",
    "`pulumi config set --secret adminPassword`, which asks for the value so that it is in no shell history. In plain text each is",
    "refused. Stacks for which all are supplied do not read the home site's stack.",
    "",
    `Both or neither: ${pairs}.`,
    "",
    table(rows),
    "",
  ];
}

function table(rows: readonly Row[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const lines = rows.map(
    (row) => `| \`${row.key}\` | ${cell(row.meaning)} | ${cell(row.allowed)} | ${cell(row.default)} |`,
  );
  return ["| key | meaning | allowed | default |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

/** What a value may be, in the words of the error that refuses it. */
function allowedBy(schema: z.ZodType): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((option) => `\`${option}\``).join(", ");
  if (schema instanceof z.ZodBoolean) return "`true`, `false`";
  if (schema instanceof z.ZodArray) return `a list of: ${allowedBy(schema.element as z.ZodType)}`;
  if (schema instanceof z.ZodRecord) return "a structure of texts";
  if (schema instanceof z.ZodNumber) {
    const { minValue, maxValue } = schema;
    const most = maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER;
    return most ? `${minValue} to ${maxValue}` : `a whole number from ${minValue} on`;
  }
  const refused = schema.safeParse("\u0000").error?.issues.find(({ code }) => code === "invalid_format");
  return refused?.message ?? "a text";
}

function meaningOf(schema: z.ZodType): string {
  return layers(schema).find(({ description }) => description !== undefined)?.description ?? "";
}

function defaultOf(schema: z.ZodType): string {
  const found = layers(schema);
  const fallback = found.find((layer) => layer instanceof z.ZodDefault);
  if (fallback !== undefined) return code(fallback.def.defaultValue);
  return found.some((layer) => layer instanceof z.ZodOptional) ? "none" : REQUIRED;
}

function prefaultOf(schema: z.ZodType): unknown {
  return layers(schema).find((layer) => layer instanceof z.ZodPrefault)?.def.defaultValue;
}

function code(value: unknown): string {
  if (value === undefined) return REQUIRED;
  return `\`${typeof value === "object" || value === "" ? JSON.stringify(value) : String(value)}\``;
}

/** A schema and what it wraps, from the outside in. */
function layers(schema: z.ZodType): z.ZodType[] {
  const wraps = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional;
  return [schema, ...(wraps ? layers(schema.unwrap() as z.ZodType) : [])];
}

const innermost = (schema: z.ZodType) => layers(schema).at(-1) ?? schema;

function isStructure(schema: z.ZodType): boolean {
  const inner = innermost(schema);
  return inner instanceof z.ZodObject || inner instanceof z.ZodDiscriminatedUnion;
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

function noteOn(key: string): string {
  if (key === "sites") return " `<site>` is `primary` or `secondary`; both sites know both.";
  if (key === "harbor")
    return " `<part>` is `nginx`, `portal`, `core`, `jobservice`, `registry`, `trivy` or `exporter`.";
  return "";
}
