/** Entry point: writes docs/policies.md from the rules. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { DOCUMENT, policiesDocument } from "./document.ts";

const file = fileURLToPath(new URL(`../${DOCUMENT}`, import.meta.url));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, policiesDocument());
process.stderr.write(`wrote ${DOCUMENT}\n`);
