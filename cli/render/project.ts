/**
 * A Pulumi project's committed files, read as the engine reads them: what one stack's program is handed
 * for one value of `activeSite`. Encrypted values stay encrypted: the program gets placeholders of the
 * right form, so that nothing here needs, or could show, a secret.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Site } from "../../sites.ts";
import { placeholderFor } from "./placeholders.ts";

/** What the project says, independent of stack and role. */
export interface Project {
  readonly name: string;
  /** Entry point, relative to the project's folder. */
  readonly main: string;
  /** The committed value of `activeSite`. */
  readonly activeSite: Site;
}

/** The configuration of one stack. */
export interface StackConfiguration {
  /** Full key to text; structured values as JSON. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  /** A fingerprint of each encrypted value's text, so that a change of one can be told. */
  readonly ciphertexts: Readonly<Record<string, string>>;
}

interface ProjectFile {
  readonly name: string;
  readonly main?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

function read<File>(folder: string, file: string): File {
  let text: string;
  try {
    text = readFileSync(join(folder, file), "utf8");
  } catch {
    throw new Error(`${file} is missing: render reads the project and both stacks from their files`);
  }
  return (parse(text) ?? {}) as File;
}

export function readProject(folder: string): Project {
  const { name, main = "index.ts", config = {} } = read<ProjectFile>(folder, "Pulumi.yaml");
  const activeSite =
    declared(config.activeSite ?? config[`${name}:activeSite`]) === "secondary" ? "secondary" : "primary";
  return { name, main, activeSite };
}

/** Reads the configuration of the stack that is named after `site`. */
export function readStack(folder: string, site: Site, activeSite: Site): StackConfiguration {
  const { name, config: shared = {} } = read<ProjectFile>(folder, "Pulumi.yaml");
  const { config: own = {} } = read<{ config?: Record<string, unknown> }>(folder, `Pulumi.${site}.yaml`);
  const full = (key: string) => (key.includes(":") ? key : `${name}:${key}`);
  const values: Record<string, string> = {};
  const ciphertexts: Record<string, string> = {};
  const entries = [
    ...Object.entries(shared).map(([key, value]) => [key, declared(value)] as const),
    ...Object.entries(own),
  ];
  for (const [key, value] of entries) {
    if (value === undefined) continue;
    const encrypted = ciphertext(value);
    if (encrypted === undefined) delete ciphertexts[full(key)];
    else ciphertexts[full(key)] = encrypted;
    const given = encrypted === undefined ? value : placeholderFor(key.slice(key.indexOf(":") + 1));
    values[full(key)] = typeof given === "object" ? JSON.stringify(given) : String(given);
  }
  values[`${name}:activeSite`] = activeSite;
  return { values, ciphertexts, secretKeys: Object.keys(ciphertexts) };
}

/** A project-level value: given in full, or as a declaration with a default. */
function declared(entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null) return entry;
  const { value, default: fallback } = entry as { value?: unknown; default?: unknown };
  return value ?? fallback;
}

/** The encrypted text inside a value, wherever it stands. */
function ciphertext(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { secure } = value as { secure?: unknown };
  if (typeof secure === "string") return secure;
  const inner = Object.values(value).flatMap((item) => ciphertext(item) ?? []);
  return inner.length === 0 ? undefined : inner.join("\n");
}
