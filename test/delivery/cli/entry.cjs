require("tsx/cjs");
require("../../../delivery/cli/main").main(process.argv);
