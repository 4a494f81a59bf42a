// Mocha's spec reporter, followed by the slowest tests, what was skipped and why, and a line that scripts can read.
const { existsSync, readFileSync } = require("node:fs");
const { join, relative } = require("node:path");
const { reporters } = require("mocha");

const SLOWEST = 20;

module.exports = class SuiteReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.ended = [];
    runner.on("test end", (test) => this.ended.push({ title: test.fullTitle(), ms: test.duration ?? 0 }));
    // Mocha names no file if one can't be loaded or its worker has died.
    runner.on("fail", (test, error) => {
      if (error.file !== undefined) test.title += `, in ${relative(process.cwd(), error.file)}`;
    });
    const output = process.env.TEST_JUNIT;
    if (output) this.junit = new reporters.XUnit(runner, { ...options, reporterOptions: { output } });
  }

  /** Does nothing yet: Mocha ends a parallel run at the first file that can't be loaded, and reports the others after it. */
  epilogue() {}

  done(failures, callback) {
    super.epilogue();
    this.summarize();
    if (this.junit === undefined) callback(failures);
    else this.junit.done(failures, callback);
  }

  summarize() {
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
};

/** What test/skip.ts wrote, in whichever process. */
function skippedLines() {
  const path = join(process.env.TEST_RUN_FOLDER ?? "", "skipped");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}
