/**
 * Loads the policy pack, which is TypeScript in ES modules. The engine loads a pack by `require`, without
 * any loader of ours, so this one file is CommonJS and brings tsx itself. It imports tsx's API, since the
 * CommonJS build of it (4.23) looks for a file that is not there.
 */
const { pathToFileURL } = require("node:url");

module.exports = import("tsx/esm/api").then(({ tsImport }) => tsImport("./index.ts", pathToFileURL(__filename).href));
