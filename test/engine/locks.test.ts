/** Conformance of the engine when a stack is applied twice at once, or an up is killed or interrupted. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../lab/wait.ts";
import { type Bench, ENGINES, ok, openBench, SKIP, type Stack, said } from "./bench.ts";

describe.skipIf(SKIP).each(ENGINES)("one stack at a time with $name", ({ standIns }) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(standIns);
  });
  afterAll(() => bench?.close());

  let stack: Stack;
  const declared = (seconds: number) => ({
    commands: { slow: { create: `echo begun > begun; sleep ${seconds}; echo ended` } },
  });
  const begun = () =>
    waitFor("the command to begin", async () => existsSync(join(stack.folder, "begun")) || undefined, {
      seconds: 60,
    });

  it("refuses a second up of the same stack while one runs", async () => {
    stack = await bench.stack("locked");
    stack.declare(declared(12));
    const first = stack.up();
    await begun();
    const second = await stack.up();
    expect(second.code).not.toBe(0);
    expect(said(second)).toContain("the stack is currently locked by 1 lock(s)");
    ok(await first);
  });

  it("finishes what a killed up began, once its lock is cancelled", async () => {
    stack = await bench.stack("killed");
    stack.declare(declared(60));
    const child = spawn(bench.engine.cli, ["up", "--yes", "--skip-preview"], {
      cwd: stack.folder,
      env: { ...process.env, ...bench.engine.env },
      stdio: "ignore",
    });
    await begun();
    child.kill("SIGKILL");
    await new Promise((done) => child.once("exit", done));
    const locked = await stack.up();
    expect(said(locked)).toContain("locked by 1 lock(s)");
    ok(await stack.pulumi(["cancel", "--yes"]));
    stack.declare(declared(0));
    ok(await stack.up());
    expect(await stack.outputs()).toEqual({ slow: "ended" });
  });

  it("ends a running command with all that it started when the up is interrupted", async () => {
    stack = await bench.stack("interrupted");
    stack.declare({ commands: { slow: { create: "echo begun > begun; sleep 61 & echo $! > pid; wait" } } });
    const child = spawn(bench.engine.cli, ["up", "--yes", "--skip-preview"], {
      cwd: stack.folder,
      env: { ...process.env, ...bench.engine.env },
      stdio: "ignore",
    });
    await begun();
    const pid = await waitFor(
      "the process id",
      async () => readFileSync(join(stack.folder, "pid"), "utf8").trim() || undefined,
      { seconds: 10 },
    );
    child.kill("SIGINT");
    await new Promise((done) => child.once("exit", done));
    expect(existsSync(`/proc/${pid}`) && !/ Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"))).toBe(!standIns);
  });
});
