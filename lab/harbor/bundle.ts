/**
 * Makes one plain JavaScript file of the core stand-in. Translating TypeScript at every start costs a second of a busy
 * machine and 40 MB, and that second would be in every measured recovery.
 */
import { mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { checkout } from "../layout.ts";

export async function bundleCore(target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const scratch = `${target}.${process.pid}.new`;
  await build({
    entryPoints: [join(checkout, "lab", "harbor", "coreStandIn.ts")],
    outfile: scratch,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // An optional part of `pg` that is not installed.
    external: ["pg-native"],
    logLevel: "silent",
  });
  renameSync(scratch, target);
}
