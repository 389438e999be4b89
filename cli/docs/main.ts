/** Entry point of `npm run docs`: writes the pages that are made from code. */
import { writeFileSync } from "node:fs";
import { PAGES } from "./pages.ts";

for (const [name, page] of Object.entries(PAGES)) {
  const file = new URL(`../../docs/${name}`, import.meta.url);
  writeFileSync(file, page());
  process.stderr.write(`wrote docs/${name}\n`);
}
