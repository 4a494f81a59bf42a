/**
 * Starts the sandbox. Plain JavaScript, because it runs before TypeScript can be loaded. The run, including the
 * compilers' caches, writes only to this project's folder `.sandbox`.
 */
const { mkdirSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 2)) {
  console.error(
    `The sandbox requires Node.js 22.2 or later; this is ${process.version}. Run \`npm run sandbox\`, which uses its own Node.js.`,
  );
  process.exit(2);
}

const folder = join(__dirname, "..", ".sandbox");
const temporary = join(folder, "tmp");
try {
  mkdirSync(temporary, { recursive: true });
} catch (error) {
  console.error(
    `sandbox: can't write to ${temporary} (${error.message}), the only folder that the sandbox writes to. Make it writable, or run a copy of the project elsewhere.`,
  );
  process.exit(2);
}
process.env.TMPDIR = temporary;
// For this process and the Kinesis engine.
process.env.NODE_COMPILE_CACHE ??= join(temporary, "compiled");
enableCompileCache?.(process.env.NODE_COMPILE_CACHE);

require("../bin/endWithNpm")();
require("./process/typescript.cjs");
require("./main").main(process.argv, folder);
