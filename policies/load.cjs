/**
 * Loads the policy pack, which is TypeScript in ES modules. The engine loads a pack by `require`, without
 * any loader of ours, so this one file is CommonJS and brings tsx itself. It imports tsx's API, since the
 * CommonJS build of it (4.23) looks for a file that is not there.
 */
const { dirname } = require("node:path");
const { pathToFileURL } = require("node:url");

// The Pulumi SDK loads npm's own resolver, to find out which packages a serialised function needs. A pack
// serialises none, and without it starts in 1.0 s of processor time instead of 1.3.
try {
  const sdk = dirname(require.resolve("@pulumi/pulumi/package.json"));
  const unused = require.resolve("@npmcli/arborist", { paths: [sdk] });
  require.cache[unused] ??= { id: unused, filename: unused, loaded: true, children: [], exports: {} };
} catch {
  // Another version of the SDK that has no such package: nothing to leave out.
}

module.exports = import("tsx/esm/api").then(({ tsImport }) => tsImport("./index.ts", pathToFileURL(__filename).href));
