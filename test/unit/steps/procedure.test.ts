/** Procedures: what is done is not done again, and a timeout tells all that was last seen. */
import { describe, expect, it } from "vitest";
import { Deadline, waitFor } from "../../../steps/deadline.ts";
import { Unanswered } from "../../../steps/outcome.ts";
import { type Act, runProcedure } from "../../../steps/procedure.ts";
import { Progress } from "../../../steps/progress.ts";

const quiet = () => new Progress(() => undefined);
const run = (acts: Act[], seconds = 2, progress = quiet()) => runProcedure(acts, new Deadline(seconds), progress);
const act = (change: Partial<Act>): Act => ({
  name: "it",
  done: async () => true,
  timeout: 2,
  remedy: "type this",
  ...change,
});

describe("runProcedure", () => {
  it("asks first, and does nothing that is done", async () => {
    let acted = 0;
    await run([
      act({
        act: async () => {
          acted += 1;
        },
      }),
    ]);
    expect(acted).toBe(0);
  });

  it("continues where a killed run stopped", async () => {
    const world = { modified: false, committed: false };
    let kill = true;
    const acts = () => [
      act({
        name: "promoted",
        done: async () => world.committed,
        act: async () => {
          world.modified = true;
          if (kill) throw new TypeError("killed");
          world.committed = true;
        },
      }),
    ];
    await expect(run(acts())).rejects.toThrow("killed");
    expect(world).toEqual({ modified: true, committed: false });
    kill = false;
    await run(acts());
    expect(world.committed).toBe(true);
  });

  it("tries again what a server refused, as often as allowed", async () => {
    let tries = 0;
    const flaky = act({
      done: async () => tries >= 3,
      attempts: 3,
      act: async () => {
        tries += 1;
        throw new Unanswered("commit failed");
      },
    });
    await expect(run([{ ...flaky, attempts: 2 }])).rejects.toMatchObject({
      message: "it: commit failed",
      remedy: "type this",
    });
  });

  it("does not go on before an act is done, and says so at its limit", async () => {
    let reached = false;
    const acts = [
      act({ done: async () => false, timeout: 0.3 }),
      act({
        act: async () => {
          reached = true;
        },
        done: async () => reached,
      }),
    ];
    await expect(run(acts)).rejects.toMatchObject({ message: "not within 0 s: it", remedy: "type this" });
    expect(reached).toBe(false);
  });

  it("asks again a server that did not answer", async () => {
    let asked = 0;
    const progress = quiet();
    await run(
      [
        act({
          done: async () => {
            asked += 1;
            if (asked < 2) throw new Unanswered("busy");
            return true;
          },
        }),
      ],
      2,
      progress,
    );
    expect(progress.lastSeen()).toEqual(["no answer: busy", "it: yes"]);
  });
});

describe("waitFor", () => {
  it("names what it waited for, with the remedy of that moment", async () => {
    let remedy = "";
    const wait = waitFor(
      "the moon",
      new Deadline(0.2),
      quiet(),
      async () => {
        remedy = "look up";
        return undefined;
      },
      {
        remedy: () => remedy,
      },
    );
    await expect(wait).rejects.toMatchObject({ message: "not within 0 s: the moon", remedy: "look up" });
  });
});

describe("Progress", () => {
  it("prints changes, and keeps the last of each subject", () => {
    const lines: string[] = [];
    const progress = new Progress((line) => lines.push(line));
    for (const phase of ["Creating", "Creating", "Running"]) progress.saw("database", phase);
    expect(lines.map((line) => line.replace(/^ *\d+\.\ds/, "t"))).toEqual([
      "t  database: Creating",
      "t  database: Running",
    ]);
    expect(progress.lastSeen()).toEqual(["database: Running"]);
  });
});
