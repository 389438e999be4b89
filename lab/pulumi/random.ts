/**
 * Stand-in for the Pulumi plugin `random`: RandomPassword, RandomString, RandomId, RandomBytes and RandomUuid.
 * Every input forces a replacement, as in the original, so that a value never changes by itself.
 */
import { randomBytes, randomInt, randomUUID } from "node:crypto";
import bcrypt from "bcryptjs";
import { notInStandIn } from "./errors.ts";
import { serve } from "./plugin.ts";
import type { Failure, Provider, Resource } from "./provider.ts";
import { changesBetween, checkInputs, type Rules, withReplacement } from "./rules.ts";
import { hasUnknown, type Properties, reveal, Secret, UNKNOWN } from "./values.ts";

const ALPHABETS = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numeric: "0123456789",
  special: "!@#$%&*()-_=+[]{}<>:?",
};
type Alphabet = keyof typeof ALPHABETS;
const MINIMUM: Record<Alphabet, string> = {
  lower: "minLower",
  upper: "minUpper",
  numeric: "minNumeric",
  special: "minSpecial",
};
const CLASSES = Object.keys(ALPHABETS) as Alphabet[];

const STRING_RULES: Rules = {
  length: { kind: "number", required: true },
  keepers: { kind: "map" },
  overrideSpecial: { kind: "string" },
  number: { kind: "boolean" },
  ...Object.fromEntries(CLASSES.map((name) => [name, { kind: "boolean" } as const])),
  ...Object.fromEntries(CLASSES.map((name) => [MINIMUM[name], { kind: "number" } as const])),
};

interface Generator {
  readonly rules: Rules;
  readonly outputs: readonly string[];
  readonly secretOutputs: readonly string[];
  check?(inputs: Properties): Failure[];
  make(inputs: Properties): { id: string; outputs: Properties };
}

function numberOf(inputs: Properties, key: string): number {
  const value = inputs[key];
  return typeof value === "number" ? value : 0;
}

/** `number` is the old name of `numeric`; either turns digits off. */
function enabled(inputs: Properties, name: Alphabet): boolean {
  return inputs[name] !== false && !(name === "numeric" && inputs.number === false);
}

function checkString(inputs: Properties): Failure[] {
  const failures: Failure[] = [];
  const length = numberOf(inputs, "length");
  if (!Number.isInteger(length) || length < 1) {
    failures.push({ property: "length", reason: `length must be at least 1, got: ${length}` });
  }
  for (const name of CLASSES) {
    const minimum = numberOf(inputs, MINIMUM[name]);
    if (minimum < 0)
      failures.push({ property: MINIMUM[name], reason: `${MINIMUM[name]} must be at least 0, got: ${minimum}` });
  }
  const needed = CLASSES.reduce((sum, name) => sum + numberOf(inputs, MINIMUM[name]), 0);
  if (length < needed) {
    failures.push({
      property: "length",
      reason: `length must be at least ${needed} (minUpper + minLower + minNumeric + minSpecial), got: ${length}`,
    });
  }
  if (CLASSES.every((name) => !enabled(inputs, name))) {
    failures.push({ property: "special", reason: "at least one of upper, lower, numeric and special must be true" });
  }
  return failures;
}

function pick(alphabet: string, count: number): string[] {
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)] ?? "");
}

/** The minimum of each class first, the rest from all enabled classes together, then shuffled. */
function randomString(inputs: Properties): string {
  const override = inputs.overrideSpecial;
  const alphabets = {
    ...ALPHABETS,
    special: typeof override === "string" && override !== "" ? override : ALPHABETS.special,
  };
  const characters = CLASSES.flatMap((name) => pick(alphabets[name], numberOf(inputs, MINIMUM[name])));
  const all = CLASSES.filter((name) => enabled(inputs, name))
    .map((name) => alphabets[name])
    .join("");
  characters.push(...pick(all, numberOf(inputs, "length") - characters.length));
  for (let last = characters.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [characters[last], characters[other]] = [characters[other] ?? "", characters[last] ?? ""];
  }
  return characters.join("");
}

function stringDefaults(inputs: Properties): Properties {
  const digits = enabled(inputs, "numeric");
  const defaults = Object.fromEntries(
    CLASSES.flatMap((name) => [
      [name, true],
      [MINIMUM[name], 0],
    ]),
  );
  return { ...defaults, ...inputs, numeric: digits, number: digits };
}

const GENERATORS: Record<string, Generator> = {
  "random:index/randomPassword:RandomPassword": {
    rules: STRING_RULES,
    outputs: ["result", "bcryptHash"],
    secretOutputs: ["result", "bcryptHash"],
    check: checkString,
    make: (inputs) => {
      const result = randomString(inputs);
      // bcrypt reads 72 bytes; the original hashes the first 72 of a longer password too.
      const bcryptHash = bcrypt.hashSync(Buffer.from(result).subarray(0, 72).toString(), 10);
      return { id: "none", outputs: { ...stringDefaults(inputs), result, bcryptHash } };
    },
  },
  "random:index/randomString:RandomString": {
    rules: STRING_RULES,
    outputs: ["result"],
    secretOutputs: [],
    check: checkString,
    make: (inputs) => {
      const result = randomString(inputs);
      return { id: result, outputs: { ...stringDefaults(inputs), result } };
    },
  },
  "random:index/randomId:RandomId": {
    rules: { byteLength: { kind: "number", required: true }, prefix: { kind: "string" }, keepers: { kind: "map" } },
    outputs: ["b64Std", "b64Url", "dec", "hex"],
    secretOutputs: [],
    make: (inputs) => {
      const bytes = randomBytes(numberOf(inputs, "byteLength"));
      const prefix = typeof inputs.prefix === "string" ? inputs.prefix : "";
      const hex = bytes.toString("hex");
      return {
        id: bytes.toString("base64url"),
        outputs: {
          ...inputs,
          b64Std: prefix + bytes.toString("base64"),
          b64Url: prefix + bytes.toString("base64url"),
          dec: prefix + BigInt(`0x${hex || "0"}`).toString(),
          hex: prefix + hex,
        },
      };
    },
  },
  "random:index/randomBytes:RandomBytes": {
    rules: { length: { kind: "number", required: true }, keepers: { kind: "map" } },
    outputs: ["base64", "hex"],
    secretOutputs: ["base64", "hex"],
    check: (inputs) =>
      numberOf(inputs, "length") >= 1
        ? []
        : [{ property: "length", reason: `length must be at least 1, got: ${numberOf(inputs, "length")}` }],
    make: (inputs) => {
      const bytes = randomBytes(numberOf(inputs, "length"));
      return { id: "none", outputs: { ...inputs, base64: bytes.toString("base64"), hex: bytes.toString("hex") } };
    },
  },
  "random:index/randomUuid:RandomUuid": {
    rules: { keepers: { kind: "map" } },
    outputs: ["result"],
    secretOutputs: [],
    make: (inputs) => {
      const result = randomUUID();
      return { id: result, outputs: { ...inputs, result } };
    },
  },
};

function generatorOf(type: string): Generator {
  const generator = GENERATORS[type];
  if (!generator) throw notInStandIn("random", `the resource type ${type}`);
  return generator;
}

function masked(generator: Generator, outputs: Properties): Properties {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [
      key,
      generator.secretOutputs.includes(key) ? new Secret(value) : value,
    ]),
  );
}

const provider: Provider = {
  check: async ({ type }, _olds, news) => {
    const generator = generatorOf(type);
    const failures = checkInputs("random", type, generator.rules, news);
    const plain = reveal(news) as Properties;
    if (failures.length === 0 && !hasUnknown(news)) failures.push(...(generator.check?.(plain) ?? []));
    return { inputs: news, failures };
  },
  diff: async ({ type }, olds, news) => {
    generatorOf(type);
    return { changes: withReplacement(changesBetween(olds.inputs, news), () => true) };
  },
  create: async ({ type }, inputs, { preview }): Promise<Resource> => {
    const generator = generatorOf(type);
    if (preview) {
      return {
        id: "",
        state: { ...inputs, ...masked(generator, Object.fromEntries(generator.outputs.map((key) => [key, UNKNOWN]))) },
      };
    }
    const made = generator.make(reveal(inputs) as Properties);
    return { id: made.id, state: { ...masked(generator, made.outputs), ...inputs } };
  },
  update: async ({ type }) => {
    throw new Error(`${type} has no update: every change replaces it`);
  },
  read: async ({ type }, id, olds) => {
    if (Object.keys(olds.state).length === 0) throw notInStandIn("random", `the import of ${type}`);
    return { id, state: olds.state, inputs: olds.inputs };
  },
  delete: async () => undefined,
  invoke: async (token) => {
    throw notInStandIn("random", `the function ${token}`);
  },
};

serve(() => provider);
