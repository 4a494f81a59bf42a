/**
 * Compiles the project's TypeScript with tsx as it is loaded. If Node can load every package by itself, tsx finds no module
 * and loads no JavaScript: it would double the CPU time that the thousand modules of Pulumi and the SDK take to load.
 */
const Module = require("node:module");

const node = { resolve: Module._resolveFilename, load: Module._extensions[".js"] };
require("tsx/cjs");
// tsx asks for the source maps of packages as well, and reading them takes a tenth of their loading time.
Module.setSourceMapsSupport?.(true, { nodeModules: false });

if (process.features.require_module) {
  Module._resolveFilename = node.resolve;
  Module._extensions[".js"] = node.load;
}
