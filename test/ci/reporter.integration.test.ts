import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { until } from "../until";

const MOCHA = join(PROJECT, "node_modules", "mocha", "bin", "mocha.js");
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

  function environment(variables: Record<string, string>) {
    const { TEST_RUN_FOLDER, MOCHA_WORKER_ID, ...env } = process.env;
    return { ...env, ...variables };
  }

  for (const mode of ["--parallel", "--no-parallel"]) {
    it(`counts the tests, and names what was skipped and why, with ${mode}`, async () => {
      const junit = join(folder, `${mode}.xml`);
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [MOCHA, mode, "--jobs", "2", join(folder, "some.test.ts")],
        { cwd: PROJECT, env: environment({ TEST_JUNIT: junit }) },
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

  it("counts and names each file that can't be loaded or whose worker dies, in the last lines", async () => {
    const throws = join(folder, "throws.test.ts");
    const dies = join(folder, "dies.test.ts");
    await writeFile(throws, 'throw new Error("no such thing");');
    await writeFile(dies, 'it("dies", () => process.kill(process.pid, "SIGKILL"));');
    const { code, stdout } = await promisify(execFile)(
      process.execPath,
      [MOCHA, "--jobs", "3", join(folder, "some.test.ts"), throws, dies],
      { cwd: PROJECT, env: environment({}) },
    ).then(
      (ended) => ({ ...ended, code: 0 }),
      (error: { code: number; stdout: string }) => error,
    );
    expect(code).to.equal(2);
    expect(stdout).to.match(/1\) .*throws\.test\.ts:\n.*no such thing/);
    expect(stdout).to.match(/2\) .*dies\.test\.ts:\n.*terminated/);
    expect(stdout.trimEnd().split("\n").at(-1)).to.equal("1 passed, 2 failed, 3 skipped");
  });

  for (const mode of ["--parallel", "--no-parallel"]) {
    it(`fails if a signal ends the run, and leaves no folder, with ${mode}`, async () => {
      const temporary = join(folder, `temporary${mode}`);
      const started = join(temporary, "started");
      const waits = join(folder, "waits.test.ts");
      await mkdir(temporary);
      await writeFile(
        waits,
        `it("waits", async () => {
          require("node:fs").writeFileSync(${JSON.stringify(started)}, "");
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        }).timeout(60_000);`,
      );
      const child = spawn(process.execPath, [MOCHA, mode, "--jobs", "2", waits], {
        cwd: PROJECT,
        env: environment({ TMPDIR: temporary }),
        stdio: "ignore",
      });
      const ended = once(child, "exit");
      await until(() => existsSync(started), child);
      const ours = () =>
        readdir(temporary).then((names) => names.filter((name) => /kinesis-tests/.test(name)));
      expect(await ours()).to.have.length(1);
      child.kill("SIGINT");
      expect(await ended).to.deep.equal([130, null]);
      expect(await ours()).to.deep.equal([]);
    });
  }
});
