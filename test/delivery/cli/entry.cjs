const { enableCompileCache } = require("node:module");
const { join } = require("node:path");

const project = join(__dirname, "..", "..", "..");
const { TMPDIR } = process.env;
// The environment of a test doesn't decide how the sources are compiled: tsx caches in TMPDIR, and reads this file for JSX.
process.env.TSX_TSCONFIG_PATH = join(project, "tsconfig.json");
process.env.TMPDIR = join(project, "node_modules", ".cache", "amplitude-kinesis-tests");
enableCompileCache(join(process.env.TMPDIR, "compiled"));
const typescript = require.resolve("../../../sandbox/process/typescript.cjs");
require(typescript);
// Processes that the command forks are compiled in the same way.
process.execArgv.push("--require", typescript);
if (TMPDIR === undefined) delete process.env.TMPDIR;
else process.env.TMPDIR = TMPDIR;
require("../../../delivery/cli/main").main(process.argv);
