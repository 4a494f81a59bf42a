/**
 * Compiles the TypeScript of a checkout as it is loaded, without type checks. Packages are left to Node, because a compiler
 * that also looks at the thousand modules of Pulumi would double the CPU time of a preview's program.
 */
const { readFileSync } = require("node:fs");
const { enableCompileCache, setSourceMapsSupport } = require("node:module");
const { transformSync } = require("esbuild");

// Node.js 22.2 has none.
enableCompileCache?.();
// Reading the source maps of Pulumi's packages takes a tenth of the program's time. Node.js 22.14 can leave them out.
if (setSourceMapsSupport) setSourceMapsSupport(true, { nodeModules: false });
else process.setSourceMapsEnabled(true);

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
