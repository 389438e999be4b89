/**
 * Makes one JavaScript file of each stand-in plugin, once per version of its sources: a plugin that tsx loads from
 * TypeScript takes 0.5 s longer to start than a bundle, and a preview starts five of them.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { cacheDir, checkout } from "../layout.ts";

const SOURCES = join(checkout, "lab", "pulumi");

function keyOf(): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(SOURCES)
    .filter((name) => name.endsWith(".ts"))
    .sort()) {
    hash.update(file).update(readFileSync(join(SOURCES, file)));
  }
  return hash
    .update(readFileSync(join(checkout, "package-lock.json")))
    .digest("hex")
    .slice(0, 16);
}

/** Folder with `<entry>.cjs` for each entry; instant when nothing changed. */
export async function bundlePlugins(entries: readonly string[]): Promise<string> {
  const all = join(cacheDir(), "pulumi-stand-ins");
  const folder = join(all, keyOf());
  if (existsSync(folder)) return folder;
  mkdirSync(all, { recursive: true });
  // Built beside and renamed, so that a killed or concurrent build leaves no half of one.
  const building = mkdtempSync(join(all, "building-"));
  try {
    await build({
      entryPoints: entries.map((entry) => join(SOURCES, `${entry}.ts`)),
      outdir: building,
      outExtension: { ".js": ".cjs" },
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      minifyWhitespace: true,
      minifySyntax: true,
      logLevel: "error",
    });
    renameSync(building, folder);
  } catch (problem) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(folder)) throw problem;
  }
  return folder;
}
