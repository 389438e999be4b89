/** Imports go one way, nothing acts on import but the entry files, and one comparison knows the active site. */
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { STEP_INPUTS, stepFile } from "../../steps/inputs.ts";
import { type Import, importsOf, parsed, trackedFiles } from "../sources.ts";

const FILES = trackedFiles().filter((file) => file.endsWith(".ts"));
const PRODUCT = FILES.filter((file) => !file.startsWith("test/") && !file.startsWith("examples/"));
/** What both a component and the step that it declares must know: the names of the variables. */
const STEP_CONTRACT = "steps/inputs.ts";

/** The layers, and what each may see besides itself. */
const LAYERS: Readonly<Record<string, { readonly holds: RegExp; readonly sees: readonly string[] }>> = {
  sites: { holds: /^sites\.ts$/, sees: [] },
  config: { holds: /^config(\.ts$|\/)/, sees: ["sites"] },
  kinds: { holds: /^kinds\//, sees: ["sites", "config"] },
  components: { holds: /^components\//, sees: ["sites", "config", "kinds", STEP_CONTRACT] },
  outputs: { holds: /^outputs\.ts$/, sees: ["sites", "config", "components"] },
  program: { holds: /^(index|site)\.ts$/, sees: ["sites", "config", "kinds", "components", "outputs"] },
  steps: { holds: /^steps\//, sees: ["sites", "config"] },
  policies: { holds: /^policies\//, sees: ["sites", "config", "kinds"] },
  // `render` puts a change under the policies.
  cli: { holds: /^cli\//, sees: ["sites", "config", "outputs", "steps", "policies"] },
  lab: { holds: /^lab\//, sees: ["sites", "config", "outputs", "steps"] },
};

const layerOf = (file: string) => Object.keys(LAYERS).find((name) => LAYERS[name]?.holds.test(file));

function forbidden({ from, to }: Import): boolean {
  const [own, other] = [layerOf(from), layerOf(to)];
  if (own === undefined || other === undefined || own === other) return false;
  const sees = LAYERS[own]?.sees ?? [];
  return !sees.includes(other) && !sees.includes(to);
}

describe("arrows", () => {
  it.each(Object.keys(LAYERS))("%s sees only what it may", (layer) => {
    const imports = PRODUCT.filter((file) => layerOf(file) === layer).flatMap(importsOf);
    expect(imports.filter(forbidden).map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it("every file of the product belongs to a layer", () => {
    const outside = PRODUCT.filter((file) => layerOf(file) === undefined);
    expect(outside).toEqual(["vitest.config.ts"]);
  });

  it("the product never imports a test", () => {
    expect(PRODUCT.flatMap(importsOf).filter(({ to }) => to.startsWith("test/"))).toEqual([]);
  });

  it("a component that turned round would be seen", () => {
    expect(forbidden({ from: "kinds/harbor.ts", to: "components/harbor.ts", typeOnly: true })).toBe(true);
    expect(forbidden({ from: "lab/demo/main.ts", to: "components/gate.ts", typeOnly: false })).toBe(true);
    expect(forbidden({ from: "components/step.ts", to: "steps/gate.ts", typeOnly: false })).toBe(true);
    expect(forbidden({ from: "components/step.ts", to: STEP_CONTRACT, typeOnly: false })).toBe(false);
  });
});

describe("nothing acts on import", () => {
  const steps = Object.keys(STEP_INPUTS).map((name) => stepFile(name as keyof typeof STEP_INPUTS));

  it("but entry files, which are started and never imported", () => {
    const entries = PRODUCT.filter((file) => acts(file) && !steps.includes(file));
    expect(entries).toEqual(expect.arrayContaining(["cli/main.ts", "index.ts", "lab/setup/main.ts"]));
    const imported = new Set(FILES.flatMap(importsOf).flatMap(({ to, typeOnly }) => (typeOnly ? [] : [to])));
    expect(entries.filter((file) => imported.has(file))).toEqual([]);
  });

  it("and a step acts only when it was itself started", () => {
    const unguarded = steps.filter((file) => !/\bstepMain\(import\.meta\.url, /.test(parsed(file).text));
    expect(unguarded).toEqual([]);
  });
});

/** Whether loading a file does more than declare: a bare call, an await, a loop or a condition at its top. */
function acts(file: string): boolean {
  return parsed(file).statements.some((statement) => {
    if (ts.isExpressionStatement(statement)) return true;
    if (ts.isVariableStatement(statement)) return /\bawait\b/.test(withoutFunctions(statement));
    return ts.isIfStatement(statement) || ts.isForOfStatement(statement) || ts.isTryStatement(statement);
  });
}

function withoutFunctions(node: ts.Node): string {
  if (ts.isFunctionLike(node)) return "";
  const children = node.getChildren();
  return children.length === 0 ? node.getText() : children.map(withoutFunctions).join(" ");
}

describe("the active site", () => {
  const comparisons = (file: string) => [
    ...parsed(file).text.matchAll(/(?:[!=]==?\s*(?:\w+\.)*activeSite\b|\bactiveSite\s*[!=]==?)/g),
  ];

  it("is compared with a site in one place only", () => {
    const program = PRODUCT.filter((file) =>
      /^(sites|config|kinds|components|outputs|program)$/.test(layerOf(file) ?? ""),
    );
    expect(program.filter((file) => comparisons(file).length > 0)).toEqual(["sites.ts"]);
  });
});

it("index.ts stays an entry: at most 60 lines", () => {
  expect(parsed("index.ts").text.split("\n").length).toBeLessThanOrEqual(60);
});
