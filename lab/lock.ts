/** One command at a time changes a lab: two `up`s at once would start every server twice. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LabLayout } from "./layout.ts";
import { startTimeOf } from "./supervisor.ts";

function holderOf(file: string): { pid: number; startTime: string; verb: string } | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { pid: number; startTime: string; verb: string };
  } catch {
    return undefined;
  }
}

/** Runs `work` while holding the lab's lock; a lock whose holder is gone is taken over. */
export async function withLock<T>(lab: LabLayout, verb: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(lab.dir, { recursive: true, mode: 0o755 });
  const file = join(lab.dir, "lock");
  const holder = holderOf(file);
  if (holder !== undefined && startTimeOf(holder.pid) === holder.startTime) {
    throw new Error(
      `"lab ${holder.verb}" (process ${holder.pid}) is working on the lab "${lab.prefix}". Wait for it, or use another lab beside it: export HARBOR_DR_LAB=<1 to 4 letters>`,
    );
  }
  rmSync(file, { force: true });
  const handle = openSync(file, "wx", 0o600);
  writeSync(handle, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid), verb }));
  closeSync(handle);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}
