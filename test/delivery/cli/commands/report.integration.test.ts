import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { type Deployment, deploy } from "../../deployment/deploy";
import { FAILED } from "../../report/reports";
import { amplitudeKinesis, environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";

const NAMES = ["report.html", "report.json", "report.md", "report.xml"];

describe("amplitude-kinesis report", () => {
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-report-"));
    file = join(folder, "run.json");
    await writeFile(file, JSON.stringify(FAILED));
  });
  after(() => rm(folder, { recursive: true }));

  const forms: [flag: string[], begins: RegExp][] = [
    [[], /^FAILED: /],
    [["--html"], /^<!doctype html>/],
    [["--junit"], /^<\?xml /],
    [["--markdown"], /^## ❌ /],
  ];
  for (const [flags, begins] of forms) {
    it(`prints ${flags[0] ?? "text by default"}, and exits 0 for any verdict`, async () => {
      const { status, stdout, stderr } = await runInProcess(["report", file, ...flags]);
      expect(stdout, stderr).to.match(begins);
      expect(status).to.equal(0);
    });
  }

  it("writes all formats to a folder, with the permissions that are asked for", async () => {
    const reports = join(folder, "reports");
    const args = ["report", file, "--dir", reports, "--file-mode", "640"];
    expect((await runInProcess(args)).status).to.equal(0);
    expect((await readdir(reports)).sort()).to.deep.equal(NAMES);
    expect((await stat(join(reports, "report.json"))).mode & 0o777).to.equal(0o640);
    expect((await runInProcess([...args.slice(0, -1), "044"])).stderr).to.include("octal permissions");
  });

  it("reads standard input, including the UTF-16 of PowerShell", async () => {
    const { stdout } = await amplitudeKinesis(["report", "-"], { stdin: JSON.stringify(FAILED) });
    expect(stdout).to.match(/^FAILED: /);
    const utf16 = join(folder, "utf16.json");
    await writeFile(utf16, Buffer.from(`\ufeff${JSON.stringify(FAILED)}`, "utf16le"));
    expect((await runInProcess(["report", utf16])).stdout).to.match(/^FAILED: /);
  });

  const wrong: [what: string, args: string[], says: RegExp, stdin?: string][] = [
    ["a file that is not there", ["no-such-file"], /no-such-file can't be read: ENOENT/],
    ["what is no report", ["-"], /standard input is not a report: reportVersion is missing/, "{}"],
    ["what is no JSON", ["-"], /standard input is not a report: it is not JSON/, "VERIFIED"],
    [
      "more than 8 MiB",
      ["-"],
      /standard input can't be read: it is larger than 8 MiB/,
      " ".repeat(9_000_000),
    ],
    ["two forms at once", ["-", "--html", "--junit"], /cannot be used with/],
    ["no file", [], /missing required argument 'file'/],
  ];
  for (const [what, args, says, stdin = ""] of wrong) {
    it(`exits 2 for ${what}`, async () => {
      const { status, stdout, stderr } = await amplitudeKinesis(["report", ...args], { stdin });
      expect(stderr).to.match(says);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: "" });
    });
  }

  it("loads the dependencies of formats and of watch only when they are needed", async () => {
    const loaded = `require("tsx/cjs"); require("./delivery/cli/main"); require("./delivery");
      console.log(Object.keys(require.cache).filter((path) => /node_modules.(preact|ajv|d3-|fast-xml-builder|@amplitude)/.test(path)).length)`;
    const cwd = join(__dirname, "..", "..", "..", "..");
    const { stdout } = await promisify(execFile)(process.execPath, ["-e", loaded], { cwd });
    expect(stdout.trim()).to.equal("0");
  });
});

describe("amplitude-kinesis verify --report", () => {
  let aws: Fixture;
  let outputs: Deployment;
  let folder: string;
  before(async () => {
    aws = await sharedAws();
    outputs = await deploy(aws);
    folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-report-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await aws.remove();
  });

  function verify(reports: string, streamName = outputs.streamName) {
    const { roleArn, region } = outputs;
    const deployment = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName];
    const args = ["verify", ...deployment, "--events", "5", "--no-run-file", "--json", "--report", reports];
    return runInProcess(args, environmentOf(aws, aws.principals.operator));
  }

  it("writes the report that it prints in every format, without secrets", async () => {
    const reports = join(folder, "good");
    const { status, stdout } = await verify(reports);
    expect((await readdir(reports)).sort()).to.deep.equal(NAMES);
    const texts = await Promise.all(NAMES.map((name) => readFile(join(reports, name), "utf8")));
    expect(JSON.parse(texts[1] ?? "")).to.deep.equal(JSON.parse(stdout));
    expect(texts.join("")).not.to.include(aws.principals.operator.secretAccessKey);
    expect(status).to.equal(0);
    const again = await runInProcess(["report", join(reports, "report.json"), "--html"]);
    expect(again.stdout).to.equal(texts[0]);
  });

  it("sends nothing if the folder isn't writable", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const { status, stdout, stderr } = await verify(file);
    expect(stderr).to.include("a file has that name").and.not.to.include("sending");
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: "" });
  });

  it("prints the verdict and exits 4 if it is verified but a file can't be written", async () => {
    const reports = join(folder, "taken");
    await mkdir(join(reports, "report.html"), { recursive: true });
    const { status, stdout, stderr } = await verify(reports);
    expect(JSON.parse(stdout).verdict).to.equal("verified");
    expect(stderr).to.include("report.html").and.to.include("The printed verdict stands: verified");
    expect(status).to.equal(4);
  });

  it("exits 1 when the verdict is failed, even if a report file can't be written", async () => {
    const reports = join(folder, "taken-failed");
    await mkdir(join(reports, "report.html"), { recursive: true });
    const { status, stdout, stderr } = await verify(reports, "no-such-stream");
    expect(JSON.parse(stdout).verdict).to.equal("failed");
    expect(stderr).to.include("report.html").and.to.include("The printed verdict stands: failed");
    expect(status).to.equal(1);
  });
});
