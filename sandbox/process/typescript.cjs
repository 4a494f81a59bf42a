/**
 * Compiles the project's TypeScript with tsx as it is loaded. If Node can load every package by itself, tsx is bypassed for
 * them: it would double the CPU time that the thousand modules of Pulumi and the SDK take to load.
 */
const Module = require("node:module");
const { sep } = require("node:path");

const PACKAGES = `${sep}node_modules${sep}`;
const node = { resolve: Module._resolveFilename, load: Module._extensions[".js"] };
require("tsx/cjs");
// tsx asks for the source maps of packages as well, and reading them takes a tenth of their loading time.
Module.setSourceMapsSupport?.(true, { nodeModules: false });
const tsx = { resolve: Module._resolveFilename, load: Module._extensions[".js"] };

if (process.features.require_module) {
  const loaderOf = (path) => (path?.includes(PACKAGES) ? node : tsx);
  Module._resolveFilename = function (request, parent, ...rest) {
    return loaderOf(parent?.filename).resolve.call(this, request, parent, ...rest);
  };
  Module._extensions[".js"] = (module, path) => loaderOf(path).load(module, path);
}
