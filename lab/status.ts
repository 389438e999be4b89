/** What of a lab is there: every server with its process and the memory that it and its children hold. */
import { existsSync, readFileSync } from "node:fs";
import { SITES } from "../sites.ts";
import type { LabLayout } from "./layout.ts";
import { isCut, linkIsUp, networkExists, processesIn } from "./network.ts";
import { Supervisor } from "./supervisor.ts";

export interface PartStatus {
  readonly place: string;
  readonly part: string;
  readonly state: "running" | "stopped";
  readonly pid?: number;
  readonly memoryMiB: number;
}

export interface LabStatus {
  readonly prefix: string;
  readonly up: boolean;
  readonly cut: boolean;
  readonly sites: Readonly<Record<string, "up" | "down">>;
  readonly parts: readonly PartStatus[];
  readonly memoryMiB: number;
}

/** Proportional share of memory, so that what PostgreSQL's processes share counts once. */
function memoryOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return 0;
  }
}

function ownerOf(pid: number, known: ReadonlyMap<number, string>): string | undefined {
  for (let at = pid; at > 1; at = parentOf(at)) {
    const name = known.get(at);
    if (name !== undefined) return name;
  }
  return undefined;
}

async function partsOf(place: { netns: string; dir: string }, label: string): Promise<PartStatus[]> {
  const processes = new Supervisor(place);
  const parts = new Map<string, { pid: number | undefined; memory: number }>();
  const known = new Map<number, string>();
  for (const name of processes.names()) {
    const pid = processes.pidOf(name);
    parts.set(name, { pid, memory: 0 });
    if (pid !== undefined) known.set(pid, name);
  }
  for (const pid of await processesIn(place.netns)) {
    const name = ownerOf(pid, known) ?? "(others)";
    const part = parts.get(name) ?? { pid: undefined, memory: 0 };
    part.memory += memoryOf(pid);
    parts.set(name, part);
  }
  return [...parts].map(([part, { pid, memory }]) => ({
    place: label,
    part,
    state: pid !== undefined || part === "(others)" ? "running" : "stopped",
    ...(pid === undefined ? {} : { pid }),
    memoryMiB: Math.round(memory),
  }));
}

export async function labStatus(lab: LabLayout): Promise<LabStatus> {
  const up = existsSync(lab.dir) && networkExists(lab);
  if (!up) return { prefix: lab.prefix, up, cut: false, sites: {}, parts: [], memoryMiB: 0 };
  const lists = await Promise.all([
    ...SITES.map(async (site) => await partsOf(lab.sites[site], site)),
    partsOf(lab.outside, "outside"),
  ]);
  const parts = lists.flat();
  const links = await Promise.all(
    SITES.map(async (site) => [site, (await linkIsUp(lab, site)) ? "up" : "down"] as const),
  );
  return {
    prefix: lab.prefix,
    up,
    cut: await isCut(lab),
    sites: Object.fromEntries(links),
    parts,
    memoryMiB: parts.reduce((sum, part) => sum + part.memoryMiB, 0),
  };
}

export function statusTable(lab: LabLayout, status: LabStatus): string {
  if (!status.up) return `lab "${lab.prefix}" is not up; start it with: npm run lab -- up\n`;
  const rows = [
    ["site", "part", "state", "pid", "memory"],
    ...status.parts.map((one) => [one.place, one.part, one.state, String(one.pid ?? "-"), `${one.memoryMiB} MiB`]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const dark = Object.entries(status.sites).filter(([, link]) => link === "down");
  return [
    `lab "${lab.prefix}"  subnet ${lab.subnet}  kubeconfig ${lab.kubeconfig}`,
    `between the sites: ${status.cut ? "CUT" : "connected"}${dark.map(([site]) => `; ${site}: DARK`).join("")}`,
    `memory in all: ${status.memoryMiB} MiB`,
    "",
    ...table,
    "",
  ].join("\n");
}
