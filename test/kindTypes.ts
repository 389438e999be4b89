/**
 * What the types in kinds/ say, read with the TypeScript compiler: every field of every kind's spec by its path,
 * and whether a literal would compile as one. Only this project's own files are read; the Pulumi packages, whose
 * thousands of declarations say nothing about a spec, stay unresolved.
 */
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";

/** A field's JSON type; `map` has keys of the user's own. */
export interface Field {
  readonly type: "string" | "number" | "boolean" | "array" | "map" | "object";
  readonly optional: boolean;
  /** The texts that are allowed, where the type lists them. */
  readonly choices?: readonly string[];
}

/** One class of kinds/. */
export interface KindType {
  readonly kind: string;
  readonly module: string;
  /** Name of the interface of its spec. */
  readonly spec: string;
  /** Path to field; `[]` stands for an array's items, `{}` for a map's values. */
  readonly fields: ReadonlyMap<string, Field>;
}

const FOLDER = resolve("kinds");
const MODULES = readdirSync(FOLDER).map((file) => resolve(FOLDER, file));
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.es5.d.ts"],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** A program of kinds/ and further files that exist only here. */
function programOf(extra: ReadonlyMap<string, string>): ts.Program {
  const host = ts.createCompilerHost(OPTIONS);
  const readSource = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target, ...rest) => {
    const text = extra.get(name);
    return text === undefined ? readSource(name, target, ...rest) : ts.createSourceFile(name, text, target);
  };
  host.resolveModuleNameLiterals = (literals, containing) =>
    literals.map(({ text }) => ({
      resolvedModule: text.startsWith(".")
        ? { resolvedFileName: resolve(containing, "..", text), extension: ts.Extension.Ts }
        : undefined,
    }));
  return ts.createProgram([...MODULES, ...extra.keys()], OPTIONS, host);
}

/** Every class that extends `Kind<Spec>`, with the fields of its spec. */
export function kindTypes(): KindType[] {
  const program = programOf(new Map());
  const checker = program.getTypeChecker();
  return MODULES.flatMap((module) => {
    const source = program.getSourceFile(module);
    return (source?.statements.filter(ts.isClassDeclaration) ?? []).flatMap((declared): KindType[] => {
      const parent = declared.heritageClauses?.[0]?.types[0];
      const spec = parent?.typeArguments?.[0];
      if (parent?.expression.getText() !== "Kind" || spec === undefined) return [];
      const kind = /kind: "(\w+)"/.exec(declared.getText())?.[1] ?? "";
      const fields = new Map<string, Field>();
      collect(checker, checker.getTypeFromTypeNode(spec), "", false, fields);
      fields.delete("");
      return [{ kind, module, spec: spec.getText(), fields }];
    });
  });
}

function collect(
  checker: ts.TypeChecker,
  given: ts.Type,
  path: string,
  optional: boolean,
  fields: Map<string, Field>,
): void {
  const type = checker.getNonNullableType(given);
  const parts = type.isUnion() ? type.types : [type];
  const below = (child: ts.Type, name: string, isOptional = false) =>
    collect(checker, child, path === "" ? name : `${path}.${name}`, isOptional, fields);
  const note = (kind: Field["type"], choices?: readonly string[]) =>
    void fields.set(path, { type: kind, optional, ...(choices === undefined ? {} : { choices }) });
  const values = type.getStringIndexType();
  const all = (flag: ts.TypeFlags) => parts.every((part) => (part.flags & flag) !== 0);

  if (all(ts.TypeFlags.StringLike)) {
    const choices = parts.flatMap((part) => (part.isStringLiteral() ? [part.value] : []));
    note("string", choices.length === parts.length ? choices : undefined);
  } else if (all(ts.TypeFlags.NumberLike)) {
    note("number");
  } else if (all(ts.TypeFlags.BooleanLike)) {
    note("boolean");
  } else if (checker.isArrayType(type)) {
    note("array");
    const [item] = checker.getTypeArguments(type as ts.TypeReference);
    if (item !== undefined) below(item, "[]");
  } else if (values !== undefined) {
    note("map");
    below(values, "{}");
  } else {
    note("object");
    for (const property of parts.flatMap((part) => checker.getPropertiesOfType(part))) {
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      below(checker.getTypeOfSymbol(property), property.getName(), isOptional);
    }
  }
}

/** One literal that is tried as a kind's spec. */
export interface Trial {
  readonly kind: KindType;
  readonly literal: unknown;
}

/** What the compiler says to each trial: nothing, or its messages. */
export function compile(trials: readonly Trial[]): string[][] {
  const name = resolve(FOLDER, "trials.ts");
  const imports = new Map(trials.map(({ kind }) => [kind.spec, `import type { ${kind.spec} } from "${kind.module}";`]));
  const lines = trials.map(
    ({ kind, literal }, index) => `export const trial${index}: ${kind.spec} = ${JSON.stringify(literal)};`,
  );
  const text = [...[...imports.values()].map((line) => line.replace(FOLDER, ".")), ...lines].join("\n");
  const program = programOf(new Map([[name, text]]));
  const source = program.getSourceFile(name);
  const said: string[][] = trials.map(() => []);
  for (const { start = 0, messageText } of [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ]) {
    const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
    said[line - imports.size]?.push(ts.flattenDiagnosticMessageText(messageText, " "));
  }
  return said;
}
