/**
 * The annotation `pulumi.com/waitFor`: `condition=Type[=Status]`, `jsonpath={.path}[=value]`, or a JSON array of
 * such, all of which must hold. Of JSONPath only what status checks need: fields, indices, `[*]` and `[?(@.a=="b")]`.
 */
import { notInStandIn } from "./errors.ts";
import { isJsonObject, type Json, type JsonObject } from "./values.ts";

/** Undefined when it holds, otherwise what was seen instead. */
export type Condition = (object: JsonObject) => string | undefined;

export function parseWaitFor(annotation: string): Condition {
  const conditions = expressions(annotation).map((expression): Condition => {
    if (expression.startsWith("jsonpath=")) return jsonPathCondition(expression.slice("jsonpath=".length));
    if (expression.startsWith("condition=")) return statusCondition(expression.slice("condition=".length));
    throw new Error(`expected a "jsonpath=" or "condition=" prefix, got ${JSON.stringify(expression)}`);
  });
  return (object) => {
    const missing = conditions.map((holds) => holds(object)).filter((seen) => seen !== undefined);
    return missing.length === 0 ? undefined : missing.join("; ");
  };
}

function expressions(annotation: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(annotation);
  } catch {
    return [annotation];
  }
  if (!Array.isArray(parsed) || !parsed.every((item) => typeof item === "string")) return [annotation];
  if (parsed.length === 0) throw new Error("at least one condition must be specified");
  return parsed;
}

function generationOf(object: JsonObject): number {
  const metadata = isJsonObject(object.metadata) ? object.metadata : {};
  return typeof metadata.generation === "number" ? metadata.generation : 0;
}

/** A status that was written for an earlier generation says nothing about this one. */
function isStale(object: JsonObject, observed: Json | undefined): boolean {
  return typeof observed === "number" && observed < generationOf(object);
}

function statusCondition(expression: string): Condition {
  const at = expression.indexOf("=");
  const type = at < 0 ? expression : expression.slice(0, at);
  const wanted = at < 0 ? "True" : expression.slice(at + 1);
  return (object) => {
    const status = isJsonObject(object.status) ? object.status : {};
    if (!Array.isArray(status.conditions)) return `waiting for condition ${type}=${wanted}: has no .status.conditions`;
    for (const condition of status.conditions) {
      if (!isJsonObject(condition) || String(condition.type).toLowerCase() !== type.toLowerCase()) continue;
      const observed = condition.observedGeneration ?? status.observedGeneration;
      if (isStale(object, observed)) return `generation ${observed} is less than expected ${generationOf(object)}`;
      if (String(condition.status).toLowerCase() === wanted.toLowerCase()) return undefined;
      return `resource has condition ${type}=${String(condition.status)} (want ${wanted})`;
    }
    return `waiting for condition ${type}=${wanted}: no such condition`;
  };
}

function jsonPathCondition(raw: string): Condition {
  const match = /^\{\s*(.*?)\s*\}(?:=(.*))?$/s.exec(raw);
  if (!match || (match[2] ?? "").replaceAll("==", "").includes("=")) {
    throw new Error(`format should be {.path}=value or {.path}, got ${JSON.stringify(raw)}`);
  }
  if (raw.endsWith("}=")) throw new Error(`{${match[1]}}= requires a value`);
  const path = `{${match[1]}}`;
  const wanted = match[2];
  const select = parsePath(match[1] ?? "");
  return (object) => {
    const status = isJsonObject(object.status) ? object.status : {};
    if (isStale(object, status.observedGeneration))
      return `status is of an earlier generation than ${generationOf(object)}`;
    const found = select(object);
    const [first] = found;
    if (first === undefined)
      return `waiting for ${path}${wanted === undefined ? "" : `=${wanted}`}: ${path} selected nothing`;
    if (wanted === undefined) return undefined;
    if (typeof first === "object" && first !== null)
      throw new Error(`${path} has a non-primitive value (${JSON.stringify(first)})`);
    return String(first) === wanted
      ? undefined
      : `waiting for ${path}=${wanted} (found ${JSON.stringify(String(first))})`;
  };
}

type Select = (from: Json) => Json[];

const STEP =
  /^(?:\.([\w$-]+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|(\[\*\]|\.\*)|\[\?\s*\(?\s*@((?:\.[\w-]+)+)\s*==\s*(?:"([^"]*)"|'([^']*)')\s*\)?\s*\])/;

function parsePath(path: string): Select {
  let rest = path.startsWith("$") ? path.slice(1) : path;
  const steps: Select[] = [];
  while (rest !== "") {
    const match = STEP.exec(rest);
    if (!match)
      throw notInStandIn("kubernetes", `the JSONPath ${JSON.stringify(path)} (from ${JSON.stringify(rest)} on)`);
    rest = rest.slice(match[0].length);
    const [, dotted, single, double, index, all, filterPath, doubleValue, singleValue] = match;
    const key = dotted ?? single?.replaceAll("\\", "") ?? double?.replaceAll("\\", "");
    if (key !== undefined) steps.push((from) => (isJsonObject(from) && from[key] !== undefined ? [from[key]] : []));
    else if (index !== undefined)
      steps.push((from) => (Array.isArray(from) ? from.slice(Number(index)).slice(0, 1) : []));
    else if (all !== undefined)
      steps.push((from) => (typeof from === "object" && from !== null ? Object.values(from) : []));
    else if (filterPath !== undefined) {
      const inner = parsePath(filterPath);
      const wanted = doubleValue ?? singleValue ?? "";
      steps.push((from) =>
        Array.isArray(from) ? from.filter((item) => inner(item).some((value) => String(value) === wanted)) : [],
      );
    }
  }
  return (from) => steps.reduce<Json[]>((found, step) => found.flatMap(step), [from]);
}
