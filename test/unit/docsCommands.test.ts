/** Every link, command and configuration key in the documents leads somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ArgsDef } from "citty";
import { describe, expect, it } from "vitest";
import { rowsOf } from "../../cli/docs/configuration.ts";
import { mirror } from "../../cli/mirror/command.ts";
import { render } from "../../cli/render/command.ts";
import { settingsSchema } from "../../config/schema.ts";
import { SECRET_NAMES } from "../../config/secretKeys.ts";
import { SITES } from "../../sites.ts";

const PAGES = [
  "README.md",
  "lab/README.md",
  "lab/pulumi/README.md",
  ...readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
].filter((file) => existsSync(file));

/** Subcommands of the Pulumi CLI that the documents use, with the flags that v3.259.0's `--help` lists for them. */
const PULUMI: Readonly<Record<string, readonly string[]>> = {
  up: ["stack", "yes", "skip-preview", "refresh", "diff", "policy-pack", "policy-pack-config", "expect-no-changes"],
  preview: ["stack", "diff", "json", "policy-pack", "policy-pack-config", "refresh", "expect-no-changes"],
  refresh: ["stack", "yes", "preview-only", "clear-pending-creates"],
  destroy: ["stack", "yes", "exclude-protected"],
  cancel: ["stack", "yes"],
  login: ["local"],
  logout: [],
  version: [],
  "config set": ["stack", "secret", "path", "plaintext"],
  "config rm": ["stack", "path"],
  "config get": ["stack", "path"],
  "stack init": ["stack", "secrets-provider"],
  "stack select": ["stack", "create"],
  "stack output": ["stack", "json", "show-secrets", "shell"],
  "stack export": ["stack", "file", "show-secrets"],
  "stack import": ["stack", "file", "force"],
  "stack history": ["stack"],
  "stack rm": ["stack", "yes"],
  "state unprotect": ["stack", "all", "yes"],
  "plugin install": ["server", "file", "exact", "checksum"],
  "plugin ls": ["json"],
};

const HARBOR_DR: Readonly<Record<string, ArgsDef>> = {
  render: render.args as ArgsDef,
  mirror: mirror.args as ArgsDef,
};

const rows = Object.entries(settingsSchema.shape).flatMap(([key, schema]) => rowsOf(schema, key));
const structures = new Set(rows.flatMap(({ key }) => (key.includes(".") ? [key.split(".")[0]] : [])));
/** Keys with what stands for several taken as anything, and every structure on the way. */
const keyForms = rows.map(({ key }) => new RegExp(`^${keyPattern(key)}$`));
const scripts = (JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> }).scripts;

describe.each(PAGES)("%s", (file) => {
  const text = readFileSync(file, "utf8");

  it("links to what is there", () => {
    const links = [...withoutBlocks(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
    const broken = links.filter((target) => !/^(https?:|mailto:)/.test(target) && !leadsSomewhere(file, target));
    expect(broken).toEqual([]);
  });

  it("names commands that exist", () => {
    expect(commandsIn(text).flatMap(wrongWith)).toEqual([]);
  });

  it("names configuration keys that exist", () => {
    const named = [...withoutBlocks(text).matchAll(/`([a-zA-Z]+(?:\.(?:[a-zA-Z]+|\*))+)(?:: [^`]*)?`/g)].map(
      ([, key = ""]) => key,
    );
    const ours = named.filter((key) => structures.has(key.split(".")[0]));
    expect(ours.filter((key) => !/\.(ts|md|yaml)$/.test(key) && !keyForms.some((form) => form.test(key)))).toEqual([]);
  });
});

describe("the check itself", () => {
  it.each([
    ["pulumi config set activSite secondary", "no key activSite"],
    ["pulumi config set activeSite third", "third is no site"],
    ["pulumi up --stack tertiary", "tertiary is no stack"],
    ["pulumi up --target x", "no flag --target"],
    ["pulumi stak export", "no subcommand"],
    ["npm run nothing", "no script"],
    ["npx harbor-dr renew", "no subcommand"],
    ["npx harbor-dr mirror --chek", "no flag --chek"],
  ])("%s", (command, problem) => {
    expect(wrongWith(command).join()).toContain(problem);
  });
});

function keyPattern(key: string): string {
  const [first = "", ...rest] = key.split(".");
  const part = (name: string) => (name.startsWith("<") ? "[a-zA-Z*]+" : `(?:${name}|\\*)`);
  return rest.reduceRight((inner, name) => `(?:\\.${part(name)}${inner})?`, "").replace(/^/, first);
}

function withoutBlocks(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```/gm, "");
}

/** Lines of shell blocks, and inline code that begins with one of our tools; several on a line are several. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = ""]) => block.split("\n"));
  const inline = [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
  return [...blocks, ...inline]
    .flatMap((line) => line.replace(/ #.*$/, "").split("&&"))
    .map((line) => line.replace(/\s+/g, " ").trim())
    .filter((line) => /^(pulumi|npm run|npx harbor-dr|harbor-dr) ./.test(line) && !line.includes("…"));
}

function wrongWith(command: string): string[] {
  const words = command.split(" ").filter((word) => !/^[|>]/.test(word));
  const problems = (list: readonly (string | false)[]) => list.flatMap((each) => (each ? [`${command}: ${each}`] : []));
  const flags = words.flatMap((word) => (word.startsWith("--") && word !== "--" ? [word.slice(2).split("=")[0]] : []));
  if (words[0] === "npm") return problems([scripts[words[2] ?? ""] === undefined && "no script"]);
  if (words[0] !== "pulumi") {
    const args = HARBOR_DR[words[words[0] === "npx" ? 2 : 1] ?? ""];
    if (args === undefined) return problems([words.at(-1) !== "--help" && "no subcommand"]);
    return problems(flags.map((flag = "") => args[flag] === undefined && `no flag --${flag}`));
  }
  const name = [`${words[1]} ${words[2]}`, words[1] ?? ""].find((each) => PULUMI[each] !== undefined);
  if (name === undefined) return problems([!words[1]?.startsWith("-") && "no subcommand"]);
  const stack = words[words.indexOf("--stack") + 1] ?? "";
  return problems([
    ...flags.map((flag = "") => !PULUMI[name]?.includes(flag) && `no flag --${flag}`),
    words.includes("--stack") && !isSite(stack) && `${stack} is no stack`,
    ...(name === "config set" ? wrongKey(words.slice(3)) : []),
  ]);
}

function wrongKey(words: readonly string[]): (string | false)[] {
  const [key = "", value = ""] = words.filter((word) => !word.startsWith("--"));
  const known = [...Object.keys(settingsSchema.shape), ...SECRET_NAMES];
  return [
    !key.startsWith("<") && !known.includes(key) && `no key ${key}`,
    key === "activeSite" && !isSite(value) && `${value} is no site`,
  ];
}

/** A site, or what stands for one. */
function isSite(word: string): boolean {
  return (SITES as readonly string[]).includes(word) || word.startsWith("<") || word.startsWith("$");
}

function leadsSomewhere(file: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const to = path === "" ? file : join(dirname(file), path);
  if (!existsSync(to)) return false;
  if (anchor === undefined) return true;
  const headings = [...readFileSync(to, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return headings.includes(anchor);
}
