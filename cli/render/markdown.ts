/** The report as the Markdown of one pull-request comment. */
import { SITES, type Site } from "../../sites.ts";
import type { FieldChange, ResourceChange } from "./compare.ts";
import type { Report, SeenViolation } from "./report.ts";

/** By this line the workflow finds its own comment, to update it in place. */
export const MARKER = "<!-- harbor-dr render -->";

/** GitHub refuses comments above 65536 characters. */
const LONGEST = 60_000;

export function markdownOf(report: Report): string {
  const parts = [
    MARKER,
    "## What this change does to both sites",
    summary(report),
    ...SITES.map((site) => siteSection(site, report)),
    secretsSection(report),
    flipSection(report),
    policySection(report),
  ];
  const text = `${parts.filter((part) => part !== "").join("\n\n")}\n`;
  if (text.length <= LONGEST) return text;
  const cut = text.slice(0, text.lastIndexOf("\n", LONGEST));
  return `${cut}\n\n**Cut here: the whole text has ${text.length} characters. Type \`npx harbor-dr render --base ${report.base.ref}\` to read it.**\n`;
}

function summary({ base, activeSite, changes, violations }: Report): string {
  const failed =
    base.failed === undefined
      ? ""
      : `\n\n> The base's own program does not run, so no change can be shown, only what a flip would do:\n>\n${quoted(base.failed)}`;
  const rows = SITES.map(
    (site) => `| ${site} | ${counted(changes[site].active)} | ${counted(changes[site].standby)} |`,
  );
  const kept =
    violations.length === 0
      ? "All policies are kept."
      : `**${plural(violations.length, "policy violation")}, listed below.**`;
  return [
    `Against \`${base.ref}\` (${base.commit.slice(0, 12)}), without any cluster. The committed active site is \`${activeSite}\`. ${kept}${failed}`,
    ["| site | as active | as standby |", "| --- | --- | --- |", ...rows].join("\n"),
  ].join("\n\n");
}

function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");
}

function counted(changes: readonly ResourceChange[]): string {
  const counts = (["added", "changed", "removed"] as const).flatMap((kind) => {
    const count = changes.filter(({ change }) => change === kind).length;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  return counts.length === 0 ? "no change" : counts.join(", ");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** What is the same in both roles is said once. */
function siteSection(site: Site, { changes }: Report): string {
  const { active, standby } = changes[site];
  const inBoth = new Set(active.map(keyOf).filter((key) => standby.some((change) => keyOf(change) === key)));
  const only = (list: readonly ResourceChange[]) => list.filter((change) => !inBoth.has(keyOf(change)));
  const blocks = [
    block(
      "In both roles",
      active.filter((change) => inBoth.has(keyOf(change))),
    ),
    block("Only as active", only(active)),
    block("Only as standby", only(standby)),
  ].filter((text) => text !== "");
  return blocks.length === 0 ? "" : [`### ${site}`, ...blocks].join("\n\n");
}

function keyOf(change: ResourceChange): string {
  return JSON.stringify(change);
}

function block(
  title: string,
  changes: readonly ResourceChange[],
  columns: readonly [string, string] = ["before", "after"],
): string {
  if (changes.length === 0) return "";
  const rows = changes.flatMap((change) => rowsOf(change));
  return [
    `**${title}**`,
    "",
    `| resource | field | ${columns[0]} | ${columns[1]} |`,
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function rowsOf(change: ResourceChange): string[] {
  const name = `${change.resource} (${change.kind}${change.object === undefined ? "" : ` ${change.object}`})`;
  switch (change.change) {
    case "added":
      return [row(name, "", "", "**added**")];
    case "removed":
      return [row(name, "", "", "**removed**")];
    case "changed":
      return change.fields.map((field, index) =>
        row(index === 0 ? name : "", code(field.path), side(field, "before"), side(field, "after")),
      );
  }
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function side(field: FieldChange, which: "before" | "after"): string {
  const value = field[which];
  return value === undefined ? "absent" : code(value);
}

/** Longer values say nothing more to a reader, and make the table unreadable. */
const LONGEST_CELL = 200;

function code(text: string): string {
  if (text === "") return "empty";
  const short = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text;
  // A code span ends at a backtick and a cell at a bar or a line's end.
  return `\`${short.replaceAll("`", "'").replaceAll("|", "\\|").replaceAll("\n", " ")}\``;
}

function secretsSection({ changedSecrets }: Report): string {
  if (changedSecrets.length === 0) return "";
  const lines = changedSecrets.map((key) => `- \`${key}\``);
  return ["### Encrypted values that differ", "Their contents are not known here.", lines.join("\n")].join("\n\n");
}

function flipSection({ flip, activeSite }: Report): string {
  const blocks = SITES.map((site) => {
    const { from, to, changes } = flip.sites[site];
    const title = `${site}: ${from} → ${to}`;
    return changes.length === 0
      ? `**${title}**\n\nNothing would change.`
      : block(title, changes, ["now", "after the flip"]);
  });
  return [
    `### What a flip from ${activeSite} to ${flip.to} would then do`,
    `\`pulumi config set activeSite ${flip.to}\``,
    ...blocks,
  ].join("\n\n");
}

function policySection({ violations }: Report): string {
  if (violations.length === 0) return "";
  const rows = violations.map((violation) =>
    row(
      severity(violation),
      `\`${violation.rule}\``,
      violation.message.replaceAll("|", "\\|"),
      violation.where.join("; "),
    ),
  );
  return [
    "### Policy violations",
    ["| severity | rule | what and how to fix it | where |", "| --- | --- | --- | --- |", ...rows].join("\n"),
  ].join("\n\n");
}

function severity({ severity: level, enforcement }: SeenViolation): string {
  return enforcement === "advisory" ? `${level} (advisory)` : level;
}
