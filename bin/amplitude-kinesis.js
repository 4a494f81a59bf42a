#!/usr/bin/env node
// Kept to syntax that any Node knows, so that an old one gets a sentence and not a syntax error.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 2)) {
  console.error(`amplitude-kinesis needs Node.js 22.2 or later; this is ${process.version}.`);
  process.exitCode = 2;
} else {
  require("./endWithNpm")();
  require("../dist/delivery/cli/main.js").main(process.argv);
}
