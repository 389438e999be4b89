/** Entry point of the process that runs one tree's program. Told the tree's folder, it sends back its views. */
import { viewsOf } from "./views.ts";

const folder = process.argv[2] ?? process.cwd();
process.chdir(folder);
try {
  const tree = await viewsOf(folder);
  process.send?.({ tree });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.send?.({ failed: message });
}
process.disconnect?.();
