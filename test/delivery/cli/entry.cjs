const { join } = require("node:path");
// Of the project, wherever the command is run: it says how JSX is compiled.
process.env.TSX_TSCONFIG_PATH = join(__dirname, "..", "..", "..", "tsconfig.json");
require("tsx/cjs");
require("../../../delivery/cli/main").main(process.argv);
