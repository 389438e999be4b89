/**
 * Calls the user's own executable that points the name at this site (contract: docs/routing.md). Only on
 * the active site; a standby makes sure that the executable is there, so that a failover is not what
 * finds it missing. It may be called again at any time, after a kill for one, so it must be idempotent.
 */
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, resolve } from "node:path";
import { createInterface } from "node:readline";
import { waitFor } from "./deadline.ts";
import { readPlace } from "./environment.ts";
import { type Evidence, StepFailure, Unanswered } from "./outcome.ts";
import { type StepContext, stepMain } from "./step.ts";

/** The exit code that asks to be called again; EX_TEMPFAIL of sysexits.h. */
const TRY_AGAIN = 75;
const LAST_LINES_MS = 500;

/** Points the name at this site if it is active. */
export async function switchRouting(context: StepContext<"switchRouting">): Promise<Evidence> {
  const { environment, deadline, progress } = context;
  const place = readPlace(environment);
  const { DR_HOSTNAME: hostname, DR_TARGET: target } = environment;
  const [name = "", ...given] = JSON.parse(environment.DR_ROUTING_COMMAND) as string[];
  const program = executable(name);
  if (place.role === "standby") {
    return { proved: `${place.site} is a standby: ${name} is there and was not called`, seen: { program } };
  }
  const remedy = `Its contract is in docs/routing.md: 0 for done, ${TRY_AGAIN} for "call me again". Mend it, then \`pulumi up --stack ${place.site}\`.`;
  const call = async (): Promise<Evidence | undefined> => {
    const ended = await run(program, [...given, hostname, target], deadline.left, childEnvironment(context), (line) =>
      progress.saw(name, line),
    );
    if (ended === TRY_AGAIN) throw new Unanswered(`${name} ended with ${TRY_AGAIN}: call again`);
    if (ended !== 0) throw new StepFailure(`${name} ended with ${ended}`, remedy);
    return {
      proved: `${name} pointed ${hostname} at ${target}`,
      seen: { program, arguments: [...given, hostname, target] },
    };
  };
  return waitFor(`${name} pointing ${hostname} at ${target}`, deadline, progress, call, { everyMs: 5000, remedy });
}

/** The runner's environment without what is Pulumi's or ours, and the variables of the contract. */
function childEnvironment({ environment, deadline }: StepContext<"switchRouting">): NodeJS.ProcessEnv {
  const theirs = Object.entries(process.env).filter(([name]) => !/^(PULUMI_|DR_)/.test(name));
  return {
    ...Object.fromEntries(theirs),
    DR_HOSTNAME: environment.DR_HOSTNAME,
    DR_TARGET: environment.DR_TARGET,
    DR_RECORD_TYPE: environment.DR_RECORD_TYPE,
    DR_TTL_SECONDS: environment.DR_TTL_SECONDS,
    DR_SITE: environment.DR_SITE,
    DR_PEER: environment.DR_PEER,
    DR_TIMEOUT_SECONDS: String(Math.ceil(deadline.left / 1000)),
  };
}

/** Runs the program until it ends, or is ended at the limit. Its lines are shown as they come. */
function run(
  program: string,
  args: readonly string[],
  limitMs: number,
  env: NodeJS.ProcessEnv,
  show: (line: string) => void,
): Promise<number | string> {
  return new Promise((done, failed) => {
    // In the step's own process group, so that who ends the step ends this too.
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let outlasted = false;
    const limit = setTimeout(() => {
      outlasted = true;
      child.kill("SIGKILL");
    }, limitMs);
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", show);
    child.once("error", (error) => {
      clearTimeout(limit);
      failed(new StepFailure(`${program} could not be started: ${error.message}`, "Is it executable on the runner?"));
    });
    child.once("exit", (code, signal) => {
      clearTimeout(limit);
      const ended = code ?? (outlasted ? "its time limit" : `signal ${signal}`);
      // What it left running may hold its output open for ever.
      const left = setTimeout(() => done(ended), LAST_LINES_MS);
      child.once("close", () => {
        clearTimeout(left);
        done(ended);
      });
    });
  });
}

/** The file that `name` means: a path from the project's folder, or a program on PATH. */
function executable(name: string): string {
  const files = name.includes("/")
    ? [resolve(name)]
    : (process.env.PATH ?? "").split(delimiter).map((folder) => resolve(folder, name));
  const found = files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found !== undefined) return found;
  throw new StepFailure(
    `routing.command is \`${name}\`, and no such executable is ${name.includes("/") ? `at ${files[0]}` : "on PATH"}`,
    "Put it on the runner and make it executable (chmod +x), or correct routing.command.",
  );
}

stepMain(import.meta.url, "switchRouting", switchRouting);
