/** Runs one command as the Pulumi plugin `command` does: shell by default, output captured, lines shown while it runs. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { isProperties, type Properties } from "./values.ts";

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();

/** Ends every running command together with what it started: each has its own process group. */
export function stopAll(): void {
  for (const child of running) {
    if (child.pid === undefined) continue;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It ended between the two lines.
    }
  }
}

function environmentOf(inputs: Properties, previous: Properties): NodeJS.ProcessEnv {
  const own = isProperties(inputs.environment) ? Object.entries(inputs.environment) : [];
  const env = { ...process.env, ...Object.fromEntries(own.map(([name, value]) => [name, String(value)])) };
  if (inputs.addPreviousOutputInEnv === false) return env;
  if (typeof previous.stdout === "string" && previous.stdout !== "") env.PULUMI_COMMAND_STDOUT = previous.stdout;
  if (typeof previous.stderr === "string" && previous.stderr !== "") env.PULUMI_COMMAND_STDERR = previous.stderr;
  return env;
}

/**
 * Resolves with what the command printed; rejects with the exit status, the command and all its output, in the
 * original's words. Note that the original prints output on failure even where logging is "none", and so does this.
 */
export function runCommand(
  command: string,
  inputs: Properties,
  previous: Properties,
  show: (line: string) => void,
): Promise<Ran> {
  const interpreter =
    Array.isArray(inputs.interpreter) && inputs.interpreter.length > 0
      ? inputs.interpreter.map(String)
      : ["/bin/sh", "-c"];
  const [program = "", ...args] = [...interpreter, command];
  const logging = inputs.logging ?? "stdoutAndStderr";
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd: typeof inputs.dir === "string" ? inputs.dir : process.cwd(),
      env: environmentOf(inputs, previous),
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    const output = { stdout: "", stderr: "", both: "" };
    for (const name of ["stdout", "stderr"] as const) {
      const lines = new PassThrough();
      if (logging === name || logging === "stdoutAndStderr") createInterface({ input: lines }).on("line", show);
      else lines.resume();
      child[name].setEncoding("utf8");
      child[name].pipe(lines);
      child[name].on("data", (text: string) => {
        output[name] += text;
        output.both += text;
      });
    }
    // A command that does not read its input closes it early; that is its own business.
    child.stdin.on("error", () => undefined);
    child.stdin.end(typeof inputs.stdin === "string" ? inputs.stdin : "");
    child.once("error", (problem) => {
      running.delete(child);
      failed(new Error(`${problem.message}: running ${JSON.stringify(command)}:\n${output.both}`));
    });
    child.once("close", (code, signal) => {
      running.delete(child);
      if (code === 0) {
        done({ stdout: output.stdout.replace(/\n$/, ""), stderr: output.stderr.replace(/\n$/, "") });
        return;
      }
      const status = signal ? `signal: ${signal === "SIGKILL" ? "killed" : signal}` : `exit status ${code}`;
      failed(new Error(`${status}: running ${JSON.stringify(command)}:\n${output.both}`));
    });
  });
}
