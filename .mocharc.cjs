// Mocha's configuration. CONTRIBUTING.md ("Tests") describes the variables.
const { globSync } = require("node:fs");
const { availableParallelism } = require("node:os");

/** Files that take the longest start first, so that no worker ends alone with one of them. The first match counts. */
const SLOW_FIRST = [
  "sandbox/command",
  "docs/commandBlocks",
  "sandbox/pulumi/provisioning/",
  "campaign/campaign",
  "package/",
  "amplitude/verifyThroughAmplitude",
  "delivery/cli/",
  ".integration.",
  "leastPrivilege/",
];

const rank = (file) => {
  const at = SLOW_FIRST.findIndex((part) => file.includes(part));
  return at === -1 ? SLOW_FIRST.length : at;
};

/** `TEST_SHARD=2/3` keeps every third file, beginning with the second. */
function shardOf(files, shard) {
  if (!shard) return files;
  const [part, parts] = /^\d+\/\d+$/.test(shard) ? shard.split("/").map(Number) : [0, 0];
  if (part < 1 || part > parts) {
    // Mocha would print the stack of an error.
    console.error(`TEST_SHARD is ${JSON.stringify(shard)}; expected I/N with 1 <= I <= N, such as 1/3`);
    process.exit(2);
  }
  return files.filter((_, index) => index % parts === part - 1);
}

const files = shardOf(
  globSync("test/**/*.test.ts").sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1)),
  process.env.TEST_SHARD,
);

/** Files and folders named on the command line are run instead of all files, not in addition to them. */
const isNamed = process.argv.some(
  (word, index, words) =>
    words[index - 1] !== "--ignore" && (/^[^-].*\.test\.ts$/.test(word) || /^(\.\/)?test\/.+/.test(word)),
);

module.exports = {
  require: ["./sandbox/process/typescript.cjs", "test/setup.ts"],
  extension: ["test.ts"],
  spec: isNamed ? [] : files,
  recursive: true,
  parallel: true,
  // Many tests wait for a process, so that a core has time for two files.
  jobs: 2 * availableParallelism(),
  reporter: "test/reporter.cjs",
  // Most tests take milliseconds or seconds. The limit leaves room for a machine that is busy with other work.
  timeout: 60_000,
  forbidOnly: true,
  failZero: true,
};
