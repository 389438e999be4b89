/** `npm run lab -- <verb>`: two sites of real servers on this machine. Results on stdout, progress on stderr. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SITES, type Site } from "../sites.ts";
import { cut, down, heal, kill, start, up } from "./lab.ts";
import { type LabLayout, labLayout, logFile } from "./layout.ts";
import { elapsedReport } from "./setup/report.ts";
import { labStatus, statusTable } from "./status.ts";

const USAGE = `usage: npm run lab -- <verb>
  up               start both sites and the outside place
  status [--json]  every server with its process and memory; whether the sites are cut off from each other
  kill <site>      SIGKILL to everything on a site, and its line down
  start <site>     start a killed site again, with its data
  cut | heal       the line between the sites
  logs [<part>]    the log of a server, as <site>/<name> or <name> of both; without a part, their list
  down             end everything and remove it
sites: ${SITES.join(", ")}; another lab beside this one: HARBOR_DR_LAB=<1 to 4 letters>
`;

class UsageError extends Error {}

function siteOf(word: string | undefined): Site {
  const site = SITES.find((name) => name === word);
  if (site === undefined) throw new UsageError(`${word ?? "nothing"} is no site; allowed: ${SITES.join(", ")}`);
  return site;
}

function logsOf(lab: LabLayout): Map<string, string> {
  const found = new Map<string, string>();
  for (const place of [...SITES, "outside"] as const) {
    const dir = join(lab.dir, place, "logs");
    if (!existsSync(dir)) continue;
    for (const entry of readdirSync(dir).sort()) {
      if (entry.endsWith(".log")) {
        const name = entry.slice(0, -".log".length);
        found.set(`${place}/${name}`, logFile({ dir: join(lab.dir, place) }, name));
      }
    }
  }
  return found;
}

function showLogs(lab: LabLayout, part: string | undefined): void {
  const logs = logsOf(lab);
  if (part === undefined) {
    process.stdout.write([...logs.keys()].map((name) => `${name}\n`).join(""));
    return;
  }
  const wanted = [...logs].filter(([name]) => name === part || name.endsWith(`/${part}`));
  if (wanted.length === 0)
    throw new UsageError(`no log of "${part}"; there are: ${[...logs.keys()].join(", ") || "none"}`);
  for (const [name, file] of wanted) {
    if (wanted.length > 1) process.stdout.write(`==> ${name} <==\n`);
    process.stdout.write(readFileSync(file, "utf8"));
  }
}

async function main(words: readonly string[]): Promise<void> {
  const [verb, argument] = words;
  const lab = labLayout();
  const report = elapsedReport();
  switch (verb) {
    case "up":
      return await up(lab, report);
    case "down":
      return await down(lab, report);
    case "kill":
      return await kill(lab, siteOf(argument), report);
    case "start":
      return await start(lab, siteOf(argument), report);
    case "cut":
      return await cut(lab, report);
    case "heal":
      return await heal(lab, report);
    case "logs":
      return showLogs(lab, argument);
    case "status": {
      const status = await labStatus(lab);
      process.stdout.write(argument === "--json" ? `${JSON.stringify(status, null, 2)}\n` : statusTable(lab, status));
      return;
    }
    default:
      throw new UsageError(verb === undefined ? "a verb is missing" : `"${verb}" is no verb`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  if (thrown instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = thrown instanceof UsageError ? 2 : 1;
}
