/**
 * Stand-in for the Pulumi plugin `command`: local.Command (runs on create and when an input changes, never because
 * the world drifted) and local.run. Entry point of the plugin.
 */
import { randomBytes } from "node:crypto";
import { type Ran, runCommand, stopAll } from "./commandRun.ts";
import { notInStandIn } from "./errors.ts";
import { serve } from "./plugin.ts";
import type { Log, Place, Provider } from "./provider.ts";
import { changesBetween, checkInputs, type Rules, withReplacement } from "./rules.ts";
import { hasSecret, type Properties, reveal, Secret, UNKNOWN, type Value } from "./values.ts";

const COMMAND = "command:local:Command";
const RUN = "command:local:run";

const BASE_RULES: Rules = {
  addPreviousOutputInEnv: { kind: "boolean" },
  dir: { kind: "string" },
  environment: { kind: "map" },
  interpreter: { kind: "strings" },
  logging: { kind: "string" },
  stdin: { kind: "string" },
};
const COMMAND_RULES: Rules = {
  ...BASE_RULES,
  create: { kind: "string" },
  update: { kind: "string" },
  delete: { kind: "string" },
  triggers: { kind: "any" },
};
const RUN_RULES: Rules = { ...BASE_RULES, command: { kind: "string", required: true } };
const LOGGING = ["stdout", "stderr", "stdoutAndStderr", "none"];

function check(type: string, rules: Rules, inputs: Properties) {
  const failures = checkInputs("command", type, rules, inputs);
  const logging = inputs.logging;
  if (typeof logging === "string" && !LOGGING.includes(logging)) {
    failures.push({ property: "logging", reason: `logging must be one of ${LOGGING.join(", ")}, got: ${logging}` });
  }
  for (const [name, value] of Object.entries(reveal(inputs.environment ?? {}) as Properties)) {
    if (typeof value !== "string" && value !== UNKNOWN) {
      failures.push({ property: `environment.${name}`, reason: `expected string, got ${typeof value}` });
    }
  }
  return failures;
}

/** Outputs depend on all inputs: one secret among them makes both secret. */
function withOutputs(inputs: Properties, stdout: Value, stderr: Value): Properties {
  const mark = (value: Value) => (hasSecret(inputs) ? new Secret(value) : value);
  return { ...inputs, stdout: mark(stdout), stderr: mark(stderr) };
}

function commandProvider(log: Log): Provider {
  const run = (place: Place, command: Value | undefined, inputs: Properties, previous: Properties): Promise<Ran> => {
    const plain = reveal(inputs) as Properties;
    const last = reveal(previous) as Properties;
    return runCommand(typeof command === "string" ? command : "", plain, last, (line) =>
      log("status", place.urn, line),
    );
  };
  return {
    check: async ({ type }, _olds, news) => {
      if (type !== COMMAND) throw notInStandIn("command", `the resource type ${type}`);
      return { inputs: news, failures: check(type, COMMAND_RULES, news) };
    },
    diff: async (_place, olds, news) => ({
      changes: withReplacement(changesBetween(olds.inputs, news), (path) => /^triggers\b/.test(path)),
    }),
    create: async (place, inputs, { preview }) => {
      if (preview) return { id: "", state: withOutputs(inputs, UNKNOWN, UNKNOWN) };
      const ran =
        inputs.create === undefined ? { stdout: "", stderr: "" } : await run(place, reveal(inputs.create), inputs, {});
      return {
        id: `${place.name}${randomBytes(4).toString("hex")}`,
        state: withOutputs(inputs, ran.stdout, ran.stderr),
      };
    },
    update: async (place, olds, news, { preview }) => {
      if (preview) return withOutputs(news, UNKNOWN, UNKNOWN);
      const command = news.update ?? news.create;
      const ran = command === undefined ? undefined : await run(place, reveal(command), news, olds.state);
      const kept = reveal(olds.state) as Properties;
      return withOutputs(news, ran?.stdout ?? kept.stdout ?? "", ran?.stderr ?? kept.stderr ?? "");
    },
    read: async (_place, id, olds) => {
      if (Object.keys(olds.state).length === 0) throw notInStandIn("command", "the import of a command");
      return { id, state: olds.state, inputs: olds.inputs };
    },
    delete: async (place, _id, state) => {
      if (state.delete !== undefined) await run(place, reveal(state.delete), state, state);
    },
    invoke: async (token, args) => {
      if (token !== RUN) throw notInStandIn("command", `the function ${token}`);
      const [failure] = check(token, RUN_RULES, args);
      if (failure) throw new Error(`${token}: ${failure.property}: ${failure.reason}`);
      const ran = await run({ urn: "", type: token, name: "" }, reveal(args.command ?? ""), args, {});
      return withOutputs(args, ran.stdout, ran.stderr);
    },
    cancel: stopAll,
  };
}

serve(commandProvider);
