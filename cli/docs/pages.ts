/** The pages of docs/ that are made from code, by file name. A unit test compares each with the committed one. */
import { policiesDocument } from "../../policies/document.ts";
import { configurationReference } from "./configuration.ts";

export const PAGES: Readonly<Record<string, () => string>> = {
  "configuration.md": configurationReference,
  "policies.md": () => policiesDocument(),
};
