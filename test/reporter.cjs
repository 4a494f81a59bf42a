// Mocha's spec reporter, followed by the slowest tests, what was skipped and why, and a line that scripts can read.
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { reporters } = require("mocha");

const SLOWEST = 20;

module.exports = class SuiteReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.ended = [];
    runner.on("test end", (test) => this.ended.push({ title: test.fullTitle(), ms: test.duration ?? 0 }));
    const output = process.env.TEST_JUNIT;
    if (output) this.junit = new reporters.XUnit(runner, { ...options, reporterOptions: { output } });
  }

  epilogue() {
    super.epilogue();
    const slowest = this.ended.sort((one, other) => other.ms - one.ms).slice(0, SLOWEST);
    if (this.ended.length > SLOWEST) {
      console.log(`The ${SLOWEST} slowest tests, in seconds:`);
      for (const { title, ms } of slowest) console.log(`  ${(ms / 1000).toFixed(1).padStart(5)}  ${title}`);
      console.log();
    }
    for (const line of skippedLines()) console.log(`SKIPPED: ${line}`);
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
  }

  done(failures, callback) {
    if (this.junit === undefined) callback(failures);
    else this.junit.done(failures, callback);
  }
};

/** What test/skip.ts wrote, in whichever process. */
function skippedLines() {
  const path = join(process.env.TEST_RUN_FOLDER ?? "", "skipped");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}
