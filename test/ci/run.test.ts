import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { isAlive } from "../processes";
import { skip } from "../skip";
import { until } from "../until";

const README = "```sh\nnpm ci && npm run sandbox\n```\n```sh\nnpm ci && npm test\n```\n";

describe("The script .ci/run", () => {
  let folder: string;
  before(function () {
    if (process.platform === "win32") skip(this, "Windows has no bash");
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ci run "));
    cpSync(join(PROJECT, ".ci"), join(folder, ".ci"), { recursive: true });
    writeFileSync(join(folder, "README.md"), README);
    for (const name of ["bin", "temporary", "cache"]) mkdirSync(join(folder, name));
    command("npm", 'echo "npm $*"; [ "$1" != test ] || echo "3 passed, 0 failed, 1 skipped"');
    command("go", "exit 1");
    command("mvn", "exit 1");
    for (const name of ["chromium", "zsh", "fish"]) command(name, "exit 0");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function command(name: string, script: string): void {
    const path = join(folder, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }
  const environment = () => ({
    PATH: `${join(folder, "bin")}:${process.env.PATH}`,
    TMPDIR: join(folder, "temporary"),
    XDG_CACHE_HOME: join(folder, "cache"),
  });
  function run(...steps: string[]) {
    const { status, stdout, stderr } = spawnSync(join(folder, ".ci", "run"), steps, {
      env: environment(),
      encoding: "utf8",
    });
    expect(readdirSync(join(folder, "temporary"))).to.deep.equal([]);
    return { status, stdout, stderr };
  }

  it("runs the named steps, and ends with their times and the count of the tests", () => {
    const { status, stdout } = run("install", "check", "test");
    expect(status).to.equal(0);
    expect(stdout.match(/^npm .*$/gm)).to.deep.equal(["npm ci", "npm run check", "npm ci", "npm test"]);
    expect(stdout.replace(/ +\d+ s$/gm, "")).to.match(
      /\n== time\ninstall\ncheck\ntest\n3 passed, 0 failed, 1 skipped\n$/,
    );
  });

  it("stops at a step that fails, with its status", () => {
    command("npm", '[ "$2" != check ] || exit 3');
    const { status, stdout } = run("check", "test");
    expect(status).to.equal(3);
    expect(stdout).to.match(/check +\d+ s FAILED\n$/);
  });

  it("fails if the tests fail", () => {
    command("npm", '[ "$1" != test ] || { echo "2 passed, 1 failed, 0 skipped"; exit 1; }');
    const { status, stdout } = run("test");
    expect(status).to.equal(1);
    expect(stdout).to.match(/FAILED\n2 passed, 1 failed, 0 skipped\n$/);
  });

  it("runs nothing if one of the steps does not exist", () => {
    for (const unknown of ["tests", "install check", ""]) {
      const { status, stdout, stderr } = run("install", unknown);
      expect({ status, stdout }, unknown).to.deep.equal({ status: 2, stdout: "" });
      expect(stderr).to.include(`no step is called ${unknown};`);
    }
  });

  it("fails if the README no longer has the line that a step runs", () => {
    writeFileSync(join(folder, "README.md"), README.replaceAll("npm ci && ", ""));
    for (const step of ["sandbox", "test"]) {
      const { status, stderr } = run(step);
      expect(status, step).to.equal(1);
      expect(stderr).to.match(/^README\.md has no line "npm ci && npm /);
    }
  });

  it("names the tests that are skipped because something can't be built", () => {
    const { status, stdout } = run();
    expect(status).to.equal(0);
    expect(stdout.match(/^### SKIPPED: the tests through Pulumi's engine/gm)).to.have.length(1);
    expect(stdout).to.match(/\nengine +\d+ s FAILED\n/);
    expect(stdout).to.match(/\ndebian +\d+ s\n/);
  });

  it("ends what it builds if a step fails meanwhile", async () => {
    const building = join(folder, "building");
    command("go", `echo $$ > '${building}'; exec sleep 60`);
    command("npm", `until [ -s '${building}' ]; do sleep 0.05; done; exit 4`);
    expect(run().status).to.equal(4);
    await until(() => !isAlive(Number(readFileSync(building, "utf8"))));
  });

  it("ends what a step has started if a signal ends it", async () => {
    const started = join(folder, "started");
    command("npm", `[ "$1" = test ] || exit 0\nsleep 60 & echo $! > '${started}'; wait`);
    const child = spawn(join(folder, ".ci", "run"), ["test"], { env: environment(), stdio: "ignore" });
    const ended = once(child, "exit");
    await until(() => existsSync(started) && readFileSync(started, "utf8") !== "", child);
    child.kill("SIGTERM");
    await ended;
    await until(() => !isAlive(Number(readFileSync(started, "utf8"))));
    expect(readdirSync(join(folder, "temporary"))).to.deep.equal([]);
  });
});
