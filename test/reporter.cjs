// Mocha's spec reporter, followed by the slowest tests, what was skipped and why, and a line that scripts can read.
const { EventEmitter } = require("node:events");
const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { dirname, join, relative } = require("node:path");
const { reporters } = require("mocha");

const SLOWEST = 20;

/** Mocha's XUnit reporter, which ends when all failures are known. Its own events end at the first file that can't be loaded. */
class JUnitReporter extends reporters.XUnit {
  constructor(runner, options, output) {
    const events = Object.assign(new EventEmitter(), { stats: runner.stats });
    super(events, options);
    for (const name of ["pass", "fail", "pending"]) runner.on(name, (...args) => events.emit(name, ...args));
    Object.assign(this, { events, output, lines: [] });
    this.save();
  }

  write(line) {
    this.lines.push(`${line}\n`);
  }

  /** Writes what is known so far: nothing before the run, so that a faulty path fails at once. */
  save() {
    try {
      mkdirSync(dirname(this.output), { recursive: true });
      writeFileSync(this.output, this.lines.join(""));
    } catch ({ message }) {
      console.error(
        `TEST_JUNIT is ${JSON.stringify(this.output)}, which can't be written (${message}). Name a file.`,
      );
      process.exit(2);
    }
  }

  finish() {
    const { passes, failures, pending } = this.stats;
    // Mocha doesn't count a file that can't be loaded, or a failed hook, as a test. XUnit would skip -1 tests.
    this.stats.tests = passes + failures + pending;
    this.events.emit("end");
    this.save();
  }
}

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
    if (output) this.junit = new JUnitReporter(runner, options, output);
  }

  /** Does nothing yet: Mocha ends a parallel run at the first file that can't be loaded, and reports the others after it. */
  epilogue() {}

  done(failures, callback) {
    super.epilogue();
    this.summarize();
    this.junit?.finish();
    callback(failures);
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

/** Returns the lines that test/skip.ts wrote in any process. */
function skippedLines() {
  const path = join(process.env.TEST_RUN_FOLDER ?? "", "skipped");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}
