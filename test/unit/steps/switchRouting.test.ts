/** The contract with the user's own executable: arguments, environment, exit codes, and when it is called. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Deadline } from "../../../steps/deadline.ts";
import { Progress } from "../../../steps/progress.ts";
import { switchRouting } from "../../../steps/switchRouting.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "harbor-dr-switch-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Runs the step with a shell script in the place of the user's executable. */
async function call(script: string, { role = "active", seconds = 3, command = "" } = {}) {
  const program = join(folder, "point-name");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const lines: string[] = [];
  const environment = {
    DR_SITE: "secondary",
    DR_PEER: "primary",
    DR_ROLE: role,
    DR_TIMEOUT_SECONDS: String(seconds),
    DR_HOSTNAME: "registry.example.com",
    DR_TARGET: "198.51.100.10",
    DR_TTL_SECONDS: "30",
    DR_RECORD_TYPE: "A",
    DR_ROUTING_COMMAND: JSON.stringify([command || program, "--zone", "example.com"]),
  };
  const progress = new Progress((line) => lines.push(line));
  const outcome = await switchRouting({ environment, deadline: new Deadline(seconds), progress }).catch(
    (error: unknown) => error as Error,
  );
  return { outcome, lines: lines.join("\n"), failure: String((outcome as Error).message) };
}

it("passes its own arguments, the name and the target, and the variables of the contract", async () => {
  vi.stubEnv("PULUMI_CONFIG_PASSPHRASE", "ours");
  vi.stubEnv("DR_SUPERUSER_PASSWORD", "ours");
  vi.stubEnv("CLOUD_TOKEN", "theirs");
  const { outcome, lines } = await call(`echo "$@" > ${folder}/args; env | sort > ${folder}/env; echo written`);
  expect(outcome).toMatchObject({ proved: expect.stringContaining("registry.example.com at 198.51.100.10") });
  expect(lines).toContain("written");
  expect(readFileSync(join(folder, "args"), "utf8")).toBe("--zone example.com registry.example.com 198.51.100.10\n");
  const given = readFileSync(join(folder, "env"), "utf8");
  expect(given.match(/^DR_.*/gm)).toEqual([
    "DR_HOSTNAME=registry.example.com",
    "DR_PEER=primary",
    "DR_RECORD_TYPE=A",
    "DR_SITE=secondary",
    "DR_TARGET=198.51.100.10",
    "DR_TIMEOUT_SECONDS=3",
    "DR_TTL_SECONDS=30",
  ]);
  expect(given).toContain("CLOUD_TOKEN=theirs");
  expect(given).not.toContain("ours");
});

it("calls again on exit code 75", async () => {
  const { outcome } = await call(`test -e ${folder}/second && exit 0; touch ${folder}/second; exit 75`);
  expect(outcome).toMatchObject({ seen: { arguments: expect.any(Array) } });
});

it.each([
  ["fails on any other exit code", "echo no such zone >&2; exit 4", "ended with 4"],
  ["gives up at its limit when it keeps asking", "exit 75", "not within"],
  ["ends it when it outlasts the limit", "exec sleep 30", "its time limit"],
])("%s", async (_, script, failure) => {
  expect((await call(script, { seconds: 1 })).failure).toContain(failure);
});

it("does not call it on a standby, but makes sure that it is there", async () => {
  const there = await call(`touch ${folder}/called`, { role: "standby" });
  expect(there.outcome).toMatchObject({ proved: expect.stringContaining("was not called") });
  expect(() => readFileSync(join(folder, "called"))).toThrow();
  const missing = await call("", { role: "standby", command: "./nowhere/point-name" });
  expect(missing.failure).toContain("routing.command is `./nowhere/point-name`");
});
