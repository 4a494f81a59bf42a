import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { isAlive } from "../processes";
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

describe("The end of a test run", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "reporter-"));
    await writeFile(join(folder, "some.test.ts"), TESTS);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  function environment(variables: Record<string, string>) {
    const { TEST_RUN_FOLDER, TEST_SEED, TEST_SHARD, TEST_JUNIT, MOCHA_WORKER_ID, ...env } = process.env;
    return { ...env, ...variables };
  }

  function failingRun(words: string[], variables: Record<string, string>) {
    return promisify(execFile)(process.execPath, [MOCHA, ...words], {
      cwd: PROJECT,
      env: environment(variables),
    }).then(
      (ended) => ({ ...ended, code: 0 }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
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
    const junit = join(folder, "new", "failures.xml");
    const files = [join(folder, "some.test.ts"), throws, dies];
    const { code, stdout } = await failingRun(["--jobs", "3", ...files], { TEST_JUNIT: junit });
    expect(code).to.equal(2);
    expect(stdout).to.match(/1\) .*throws\.test\.ts:\n.*no such thing/);
    expect(stdout).to.match(/2\) .*dies\.test\.ts:\n.*terminated/);
    expect(stdout.trimEnd().split("\n").at(-1)).to.equal("1 passed, 2 failed, 3 skipped");
    const xml = await readFile(junit, "utf8");
    expect(xml).to.match(/<testsuite [^>]*tests="6" failures="0" errors="2" skipped="3"/);
    expect(xml.match(/<failure>[^\n]*(no such thing|terminated)/g)).to.have.length(2);
  });

  it("names the variables that a file leaves changed, because they would decide how later files end", async () => {
    const file = join(folder, "leaves.test.ts");
    await writeFile(file, 'it("leaves a region", () => { process.env.AWS_REGION = "cn-north-1"; });');
    const { code, stdout } = await failingRun(["--jobs", "1", file], { AWS_REGION: "" });
    expect(stdout).to.include("left other values in the environment: AWS_REGION. Restore them.");
    expect(code).to.equal(1);
  });

  for (const [variable, value, says] of [
    ["TEST_JUNIT", PROJECT, /^TEST_JUNIT is ".*", which can't be written \(EISDIR.*\)\. Name a file\.\n$/],
    ["TEST_SEED", "x", /^TEST_SEED is "x"; expected an integer, such as 7\n$/],
    ["TEST_SHARD", "4/3", /^TEST_SHARD is "4\/3"; expected I\/N with 1 <= I <= N, such as 1\/3\n$/],
  ] as const) {
    it(`rejects a faulty ${variable} with one line`, async () => {
      const { code, stderr } = await failingRun([join(folder, "some.test.ts")], { [variable]: value });
      expect(stderr).to.match(says);
      expect(code).to.equal(2);
    });
  }

  for (const [mode, signal, status] of [
    ["--parallel", "SIGINT", 130],
    ["--parallel", "SIGTERM", 143],
    ["--no-parallel", "SIGINT", 130],
    ["--no-parallel", "SIGTERM", 143],
  ] as const) {
    it(`fails if ${signal} ends the run, and leaves no folder and no process, with ${mode}`, async () => {
      const temporary = join(folder, `temporary${mode}-${signal}`);
      const started = join(temporary, "started");
      const waits = join(folder, "waits.test.ts");
      await mkdir(temporary);
      await writeFile(
        waits,
        `it("waits", async () => {
          const { pid } = require("node:child_process").spawn("sleep", ["60"], { detached: true });
          require("node:fs").writeFileSync(${JSON.stringify(started)}, String(pid));
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        }).timeout(60_000);`,
      );
      const child = spawn(process.execPath, [MOCHA, mode, "--jobs", "2", waits], {
        cwd: PROJECT,
        env: environment({ TMPDIR: temporary }),
        stdio: "ignore",
        detached: true,
      });
      const ended = once(child, "exit");
      await until(() => existsSync(started) && readFileSync(started, "utf8") !== "", child);
      const ours = () =>
        readdir(temporary).then((names) => names.filter((name) => /kinesis-tests/.test(name)));
      expect(await ours()).to.have.length(1);
      // The workers get a terminal's Ctrl-C as well.
      process.kill((signal === "SIGINT" ? -1 : 1) * (child.pid ?? 0), signal);
      expect(await ended).to.deep.equal([status, null]);
      await until(() => !isAlive(Number(readFileSync(started, "utf8"))));
      expect(await ours()).to.deep.equal([]);
    });
  }
});
