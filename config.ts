/**
 * The one strict loader of the configuration: unknown keys are refused, every problem is reported
 * together, and what comes out is complete and typed. Nothing else in the program reads configuration.
 */
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { checkTogether } from "./config/crossChecks.ts";
import { problemsOf } from "./config/issues.ts";
import { ConfigurationError, type Problem } from "./config/problems.ts";
import { refusal } from "./config/refusal.ts";
import { type Settings, settingsSchema } from "./config/schema.ts";
import { SECRET_NAMES, SECRET_PAIRS, SECRET_RULES, type SecretName } from "./config/secretKeys.ts";

export { ConfigurationError } from "./config/problems.ts";
export type { Settings } from "./config/schema.ts";

/** The project's name, and so the namespace of its keys. */
export const PROJECT = "harbor-dr";

/** The configuration of one stack. */
export interface Configuration extends Settings {
  /** Secrets that were supplied; those that are absent are generated on the home site. */
  readonly supplied: Readonly<Partial<Record<SecretName, string>>>;
}

/** The raw configuration as the engine hands it over: full key to text, structured values as JSON. */
export interface RawConfiguration {
  readonly values: Readonly<Record<string, string>>;
  isSecret(key: string): boolean;
}

/**
 * Reads the running stack's configuration.
 * @throws pulumi.RunError that lists every problem, without a stack trace.
 */
export function loadConfiguration(): Configuration {
  const values = pulumi.runtime.allConfig();
  // The SDK marks this function internal in its types, yet it is the only way to tell the two apart.
  const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };
  const isSecret = (key: string) => isConfigSecret?.(key) ?? false;
  try {
    return parseConfiguration({ values, isSecret }, pulumi.getStack());
  } catch (error) {
    if (error instanceof ConfigurationError) throw refusal(error.message);
    throw error;
  }
}

/**
 * Checks a raw configuration.
 * @throws ConfigurationError with every problem found.
 */
export function parseConfiguration(raw: RawConfiguration, stack: string): Configuration {
  const own = Object.entries(raw.values).flatMap(([full, text]) =>
    full.startsWith(`${PROJECT}:`) ? [[full.slice(PROJECT.length + 1), text] as const] : [],
  );
  const plain = Object.fromEntries(
    own.filter(([key]) => !(key in SECRET_RULES)).map(([key, text]) => [key, decode(key, text)]),
  );
  const given = Object.fromEntries(own.filter(([key]) => key in SECRET_RULES)) as Partial<Record<SecretName, string>>;
  const parsed = settingsSchema.safeParse(plain);
  const isSecret = (key: string) => raw.isSecret(`${PROJECT}:${key}`);
  const problems = [
    ...(parsed.success
      ? checkTogether(parsed.data, stack)
      : parsed.error.issues.flatMap((issue) => problemsOf(issue, plain, isSecret))),
    ...secretProblems(given, isSecret),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigurationError(problems, stack);
  return { ...parsed.data, supplied: given };
}

/** Structured values and switches arrive as JSON text; a string stays as it was typed. */
function decode(key: string, text: string): unknown {
  const schema = (settingsSchema.shape as Record<string, z.ZodType>)[key];
  if (schema === undefined || schema.safeParse(text).success) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : text;
  } catch {
    return text;
  }
}

function secretProblems(given: Partial<Record<SecretName, string>>, isSecret: (key: string) => boolean): Problem[] {
  const problems: Problem[] = [];
  for (const name of SECRET_NAMES) {
    const value = given[name];
    if (value === undefined) continue;
    const remedy = `pulumi config set --secret ${name}`;
    if (!isSecret(name)) {
      const received = "a secret in plain text (not shown)";
      problems.push({
        key: name,
        received,
        allowed: "an encrypted value; the plain one is burnt: choose another",
        remedy,
      });
    }
    if (!SECRET_RULES[name].accepts.test(value)) {
      const received = `${value.length} characters that do not fit (not shown)`;
      problems.push({ key: name, received, allowed: SECRET_RULES[name].allowed, remedy });
    }
  }
  for (const [one, other] of SECRET_PAIRS) {
    if ((given[one] === undefined) === (given[other] === undefined)) continue;
    const [has, lacks] = given[one] === undefined ? [other, one] : [one, other];
    const remedy = `pulumi config set --secret ${lacks}`;
    problems.push({
      key: lacks,
      received: "nothing",
      allowed: `a value, because ${has} is supplied and both belong together`,
      remedy,
    });
  }
  return problems;
}
