/** What the workflows promise and actionlint does not know: pins, permissions, secrets, and that nothing waits for them. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { MARKER } from "../../cli/render/markdown.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly if?: string;
  readonly needs?: string | string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly strategy?: {
    readonly "max-parallel"?: number;
    readonly matrix: Readonly<Record<string, readonly string[]>>;
  };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = new URL("../../.github/workflows/", import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, FOLDER), "utf8");
const workflow = (file: string) => parse(textOf(file)) as Workflow;
const FILES = readdirSync(FOLDER);
const preview = workflow("preview.yml");
const drift = workflow("drift.yml");

describe.each(FILES)("%s", (file) => {
  const { permissions, jobs, on } = workflow(file);

  test("pins each action by commit, with its version beside it", () => {
    const uses = textOf(file).match(/uses: .*/g) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test("gives no permission but by job, and each job an end", () => {
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) {
      expect(Object.keys(job.permissions ?? {})).toHaveLength(1);
      expect(job["timeout-minutes"]).toBeLessThanOrEqual(15);
    }
  });

  test("takes nothing that a stranger may write into a script", () => {
    expect(Object.keys(on)).not.toContain("pull_request_target");
    const scripts = Object.values(jobs).flatMap(({ steps }) =>
      steps.flatMap(({ run, with: given }) => [run, given?.script]),
    );
    expect(scripts.filter((script) => String(script).includes("${{"))).toEqual([]);
  });

  test("changes nothing: no command but previews and reads", () => {
    const commands = textOf(file).match(/pulumi (?!preview|stack output|config get)[a-z]+ -?-?[\w-]+/g) ?? [];
    expect(commands.filter((command) => !command.includes("takes no"))).toEqual([]);
  });
});

test("secrets go to branches of this repository only", () => {
  const withSecrets = Object.entries(preview.jobs).filter(([, job]) => JSON.stringify(job).includes("secrets."));
  expect(withSecrets.map(([name]) => name)).toEqual(["preview"]);
  for (const [, job] of withSecrets) {
    expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  }
  expect(preview.jobs.render?.if).toBeUndefined();
  expect(preview.jobs.comment?.permissions).toEqual({ "pull-requests": "write" });
});

test("both stacks are previewed with both values of activeSite, under the policy pack", () => {
  const job = preview.jobs.preview;
  expect(job?.strategy?.matrix).toEqual({ site: ["primary", "secondary"], activeSite: ["primary", "secondary"] });
  const run = job?.steps.map(({ run }) => run ?? "").join("\n");
  expect(run).toContain('pulumi preview --stack "$SITE" --config "harbor-dr:activeSite=$ACTIVE_SITE"');
  expect(run).toContain("--policy-pack policies");
});

test("an emergency waits for none of them", () => {
  const groups = [...Object.values(preview.jobs).map((job) => job.concurrency), drift.concurrency];
  for (const concurrency of groups) {
    expect(concurrency?.["cancel-in-progress"]).toBe(true);
    expect(concurrency?.group).toMatch(/^(preview-|drift$)/);
  }
  expect(preview.jobs.preview?.strategy?.["max-parallel"]).toBe(2);
});

test("the comment is found again by the line with which render begins", () => {
  const script = preview.jobs.comment?.steps.map(({ with: given }) => String(given?.script)).join("\n");
  expect(script).toContain(`const marker = "${MARKER}"`);
  expect(script).toContain("updateComment");
});

test("drift is only looked for, and told in one issue", () => {
  const run = drift.jobs.preview?.steps.map(({ run }) => run ?? "").join("\n");
  expect(run).toContain("--expect-no-changes");
  expect(drift.jobs.issue?.permissions).toEqual({ issues: "write" });
});
