/** The pages that are made from code are as the code makes them now, and say something of every key. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { rowsOf } from "../../cli/docs/configuration.ts";
import { PAGES } from "../../cli/docs/pages.ts";
import { settingsSchema } from "../../config/schema.ts";
import { SECRET_NAMES } from "../../config/secretKeys.ts";

it.each(Object.entries(PAGES))("docs/%s is up to date (else: npm run docs)", (name, page) => {
  expect(readFileSync(`docs/${name}`, "utf8")).toBe(page());
});

it("every key has a meaning, what is allowed and a default", () => {
  const rows = Object.entries(settingsSchema.shape).flatMap(([key, schema]) => rowsOf(schema, key));
  expect(rows.filter(({ meaning, allowed }) => meaning === "" || meaning.endsWith(": ") || allowed === "")).toEqual([]);
  expect(rows.find(({ key }) => key === "postgres.instances")).toEqual({
    key: "postgres.instances",
    meaning: "instances while active, 1 to 9; a standby always has 1",
    allowed: "1 to 9",
    default: "`2`",
  });
  expect(rows.find(({ key }) => key === "sites.<site>.address")?.default).toBe("required");
});

it("every secret that may be supplied is listed", () => {
  const page = PAGES["configuration.md"]?.() ?? "";
  expect(SECRET_NAMES.filter((name) => !page.includes(`| \`${name}\` |`))).toEqual([]);
});
