/** The two stacks, driven by the commands that a user types, with what they print passed on as it comes. */

import { SITES, type Site } from "../../sites.ts";
import type { Engine, RunResult } from "../pulumi/engine.ts";
import type { Report } from "../setup/report.ts";

/** Limit of one `pulumi` command; each step inside has its own, shorter one. */
const LIMIT_SECONDS = 600;

export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
}

export class Stacks {
  readonly #engine: Engine;
  readonly #cwd: string;
  readonly #report: Report;

  constructor(engine: Engine, cwd: string, report: Report) {
    this.#engine = engine;
    this.#cwd = cwd;
    this.#report = report;
  }

  /** Creates both stacks where they do not exist yet. */
  async initialise(): Promise<void> {
    for (const site of SITES) {
      const selected = await this.#engine.run(["stack", "select", site, "--non-interactive"], { cwd: this.#cwd });
      if (selected.code !== 0) await this.run(["stack", "init", site]);
    }
  }

  /** `pulumi up`; answers with the seconds that the gate took, where it ran. */
  async up(site: Site): Promise<number | undefined> {
    const { stdout, stderr } = await this.run(["up", "--yes", "--skip-preview", "--stack", site]);
    const gate = /gate \(([\d.]+) s\)/.exec(stdout + stderr)?.[1];
    return gate === undefined ? undefined : Number(gate);
  }

  /** `pulumi preview --diff`, shown as it is. */
  async preview(site: Site): Promise<RunResult> {
    return await this.run(["preview", "--diff", "--stack", site]);
  }

  /** `pulumi config set activeSite …` on the stack of `site`. */
  async setActive(site: Site, activeSite: Site): Promise<void> {
    await this.run(["config", "set", "activeSite", activeSite, "--stack", site]);
  }

  /** One output of a stack: text as it is, structures as JSON. */
  async output(site: Site, name: string): Promise<string> {
    const args = ["stack", "output", name, "--show-secrets", "--json", "--stack", site];
    const { stdout } = await this.run(args, { quiet: true });
    const value: unknown = JSON.parse(stdout);
    return typeof value === "string" ? value : JSON.stringify(value);
  }

  /** Any `pulumi` command. Throws CommandFailed with the end of what it printed. */
  async run(args: readonly string[], { quiet = false } = {}): Promise<RunResult> {
    const typed = `pulumi ${args.join(" ")}`;
    this.#report(typed);
    const shown = lineByLine((line) => this.#report(`  ${line}`));
    const options = { cwd: this.#cwd, timeoutSeconds: LIMIT_SECONDS, ...(quiet ? {} : { onOutput: shown }) };
    const result = await this.#engine.run([...args, "--non-interactive", "--color", "never"], options);
    if (result.code === 0) return result;
    const end = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-40).join("\n");
    throw new CommandFailed(`\`${typed}\` ended with code ${result.code}:\n${end}`);
  }
}

/** Turns pieces of output into whole lines. */
function lineByLine(tell: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") tell(line);
  };
}
