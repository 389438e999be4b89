/** Reads values out of JSON that somebody else made, by path. A schema library takes as long to import as a step. */

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const key of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

/** Typed reads; undefined when the value is not there or is something else. */
export const read = {
  text(value: unknown, ...path: string[]): string | undefined {
    const found = at(value, path);
    return typeof found === "string" ? found : undefined;
  },
  number(value: unknown, ...path: string[]): number | undefined {
    const found = at(value, path);
    return typeof found === "number" ? found : undefined;
  },
  boolean(value: unknown, ...path: string[]): boolean | undefined {
    const found = at(value, path);
    return typeof found === "boolean" ? found : undefined;
  },
  list(value: unknown, ...path: string[]): readonly unknown[] | undefined {
    const found = at(value, path);
    return Array.isArray(found) ? found : undefined;
  },
  object(value: unknown, ...path: string[]): Readonly<Record<string, unknown>> | undefined {
    const found = at(value, path);
    return typeof found === "object" && found !== null && !Array.isArray(found)
      ? (found as Record<string, unknown>)
      : undefined;
  },
};
