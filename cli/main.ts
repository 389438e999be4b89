/** Entry point of `harbor-dr`: the result on stdout, progress on stderr, and one place that exits. */
import { defineCommand, renderUsage, runCommand } from "citty";
import { EXIT, ExitError } from "./exit.ts";
import { mirror } from "./mirror/command.ts";
import { render } from "./render/command.ts";

const subCommands = { render, mirror };

const main = defineCommand({
  meta: { name: "harbor-dr", description: "Disaster recovery of a Harbor registry on two Kubernetes clusters" },
  subCommands,
});

/** The usage of the subcommand that was named, or of all. */
function usage([name]: readonly string[]): Promise<string> {
  if (name === "render") return renderUsage(render);
  if (name === "mirror") return renderUsage(mirror);
  return renderUsage(main);
}

const args = process.argv.slice(2);
try {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${await usage(args)}\n`);
    process.exitCode = args.length === 0 ? EXIT.usage : EXIT.done;
  } else {
    await runCommand(main, { rawArgs: args });
  }
} catch (error) {
  const told = error instanceof Error ? error.message : String(error);
  // citty's own complaints about arguments carry a code that starts so.
  const misused = error instanceof Error && error.name === "CLIError";
  process.stderr.write(`${told}\n${misused ? "Type harbor-dr --help for what it takes.\n" : ""}`);
  process.exitCode = error instanceof ExitError ? error.code : misused ? EXIT.usage : EXIT.failed;
}
