/** Short commands of this machine: run to the end, with a limit, and with an error that carries what they said. */
import { spawn } from "node:child_process";

const LIMIT_SECONDS = 60;

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Runs inside this network namespace. */
  readonly netns?: string;
  /** @default 60 */
  readonly seconds?: number;
}

/** Standard output of the command; anything but exit 0 is an error. Arguments are shown in errors, so no secrets. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const command = options.netns === undefined ? argv : ["ip", "netns", "exec", options.netns, ...argv];
  const seconds = options.seconds ?? LIMIT_SECONDS;
  return await new Promise((resolve, reject) => {
    const child = spawn(command[0] ?? "", command.slice(1), {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, LC_ALL: "C.UTF-8", ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let output = "";
    let errors = "";
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, seconds * 1000);
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString("utf8")).slice(-4000);
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(limit);
      reject(
        new Error(error.code === "ENOENT" ? `${command[0]} is not installed. Type: npm run setup` : error.message),
      );
    });
    child.once("close", (code, signal) => {
      clearTimeout(limit);
      if (code === 0) resolve(output);
      else {
        const how = late ? `no end within ${seconds} s` : `exit ${code ?? signal}`;
        reject(new Error(`${command.join(" ")}: ${how}\n${(errors || output).trim()}`));
      }
    });
  });
}
