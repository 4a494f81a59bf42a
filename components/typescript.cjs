/**
 * Compiles the TypeScript of a checkout as it is loaded, without type checks. Packages are left to Node, because a compiler
 * that also looks at the thousand modules of Pulumi would double the CPU time of a preview's program.
 */
const { readFileSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { transformSync } = require("esbuild");

// Node.js 22.2 has none.
enableCompileCache?.();
process.setSourceMapsEnabled(true);

require.extensions[".ts"] = (module, sourcefile) => {
  const options = {
    loader: "ts",
    format: "cjs",
    target: `node${process.versions.node}`,
    sourcemap: "inline",
    sourcefile,
  };
  module._compile(transformSync(readFileSync(sourcefile, "utf8"), options).code, sourcefile);
};
