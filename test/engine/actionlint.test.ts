/** The workflows are such as GitHub would run: actionlint, built from its pinned module, finds nothing in them. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { checkout } from "../../lab/layout.ts";
import { buildGoTool, goCommand, goToolFile } from "../../lab/setup/goTools.ts";

const canRun = goToolFile("actionlint") !== undefined || goCommand() !== undefined || process.env.CI === "true";
const folder = join(checkout, ".github", "workflows");

async function lint(arguments_: readonly string[], input?: string): Promise<string> {
  const actionlint = await buildGoTool("actionlint", () => undefined);
  // Neither shellcheck nor pyflakes: the answer must not depend on what else a machine has.
  const running = promisify(execFile)(actionlint, ["-no-color", "-shellcheck=", "-pyflakes=", ...arguments_]);
  running.child.stdin?.end(input ?? "");
  return running.then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  );
}

it.skipIf(!canRun)("actionlint passes every workflow", async () => {
  const files = readdirSync(folder).map((file) => join(folder, file));
  expect(files.length).toBeGreaterThanOrEqual(2);
  expect(await lint(files)).toBe("");
});

it.skipIf(!canRun)("and would find what is wrong", async () => {
  const job = ["    runs-on: ubuntu-24.04", "    steps:", "      - run: echo $" + "{{ github.nowhere }}"];
  const wrong = ["on: push", "jobs:", "  one:", ...job, ""].join("\n");
  expect(await lint(["-"], wrong)).toContain('property "nowhere" is not defined');
});
