/**
 * Loads the policy pack, which is TypeScript in ES modules. The engine loads a pack by `require`, without
 * any loader of ours, so this one file is CommonJS and brings tsx itself.
 */
const { tsImport } = require("tsx/esm/api");

module.exports = tsImport("./index.ts", __filename);
