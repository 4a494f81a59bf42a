import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { PROJECT } from "../cache";

const SKIP = JSON.stringify(join(PROJECT, "test", "skip.ts"));
/** One test passes, one is skipped, a suite of two is skipped, and a part of a test is skipped. */
const TESTS = `const { noteSkipped, skip } = require(${SKIP});
describe("a suite", () => {
  it("passes", () => noteSkipped("a part", "no tool"));
  it("is skipped", function () { skip(this, "no reason"); });
  describe("of two", () => {
    before(function () { skip(this, "no engine"); });
    it("is one", () => {});
    it("is another", () => {});
  });
});`;

describe("The end of a test run", function () {
  this.timeout(30_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reporter-"));
    await writeFile(join(folder, "some.test.ts"), TESTS);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const mode of ["--parallel", "--no-parallel"]) {
    it(`counts the tests, and names what was skipped and why, with ${mode}`, async () => {
      const { TEST_RUN_FOLDER, MOCHA_WORKER_ID, ...env } = process.env;
      const junit = join(folder, `${mode}.xml`);
      const mocha = join(PROJECT, "node_modules", "mocha", "bin", "mocha.js");
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [mocha, mode, "--jobs", "2", join(folder, "some.test.ts")],
        { cwd: PROJECT, env: { ...env, TEST_JUNIT: junit } },
      );
      expect(stdout.trimEnd().split("\n").slice(-4)).to.deep.equal([
        "SKIPPED: a part: no tool",
        "SKIPPED: a suite is skipped: no reason",
        "SKIPPED: a suite of two: no engine",
        "1 passed, 0 failed, 3 skipped",
      ]);
      expect(await readFile(junit, "utf8")).to.match(/<testsuite [^>]*tests="4" [^>]*skipped="3"/);
    });
  }
});
