/** The engine loads a pack by `require`; this loads the TypeScript one behind it, as policies/load.cjs does. */
const { pathToFileURL } = require("node:url");

module.exports = import("tsx/esm/api").then(({ tsImport }) => tsImport("./index.ts", pathToFileURL(__filename).href));
