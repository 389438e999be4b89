/**
 * Entry point of the process that runs programs. Told a tree's folder, it sends back that tree's views; told
 * another, it does so again: loading the SDK takes most of a run, so both trees share it. The program's own
 * modules are loaded from each tree's own folder.
 */
import { viewsOf } from "./views.ts";

// Whoever asked has what it wanted, or is gone, by a signal perhaps.
process.once("disconnect", () => process.exit());

process.on("message", (folder: string) => {
  pending = pending.then(async () => {
    process.chdir(folder);
    const answer = await answerFor(folder);
    process.send?.({ folder, answer });
  });
});

let pending = Promise.resolve();

async function answerFor(folder: string) {
  try {
    return { tree: await viewsOf(folder) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
