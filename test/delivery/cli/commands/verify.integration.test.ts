import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import packageJson from "../../../../package.json";
import { type Fixture, sharedAws, trustOf } from "../../../sandbox/aws/localAws";
import { type Deployment, deploy, recordsOf } from "../../deployment/deploy";
import { amplitudeKinesis, ENTRY, environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";

const EXPORT = join(__dirname, "..", "..", "events", "export", "fixtures", "export.zip");
const FIELDS = [
  ..."reportVersion verdict route roleArn region streamName runId startedAt durationInSeconds".split(" "),
  ..."eventsSent eventsAcknowledged eventsDelivered eventsNotDelivered eventsCorrupted eventsDuplicated".split(
    " ",
  ),
  ..."eventsRefused eventsLost eventsUnanswered duplicatesUnexplained eventsSeenDespiteRefusal eventsSkipped filesSkipped".split(
    " ",
  ),
  ..."acknowledgementInSeconds latencyHistogram resumable resumedFrom timeline environment".split(" "),
  ..."part recordsOfOtherParts acknowledgementHistogram".split(" "),
  ..."eventsUnknown deliveryRate latencyInSeconds recordsForeign shards findings proof".split(" "),
];

describe("amplitude-kinesis verify", () => {
  let aws: Fixture;
  let env: Record<string, string>;
  let outputs: Deployment;
  let folder: string;
  before(async () => {
    aws = await sharedAws();
    env = environmentOf(aws, aws.principals.operator);
    outputs = await deploy(aws);
    folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await aws.remove();
  });

  const flagsOf = ({ roleArn, region, streamName }: Deployment) => [
    ...["--role-arn", roleArn, "--region", region, "--stream-name", streamName],
  ];

  it("prints one JSON document with --json, progress on standard error, and exits 0", async () => {
    const { status, stdout, stderr } = await runInProcess(
      ["verify", ...flagsOf(outputs), "--events", "40", "--json"],
      env,
    );
    const report = JSON.parse(stdout);
    expect(Object.keys(report)).to.have.members(FIELDS);
    expect(report).to.include({
      verdict: "verified",
      eventsSent: 40,
      eventsDelivered: 40,
      route: "operator",
    });
    expect(Object.keys(report.latencyInSeconds)).to.deep.equal(["p50", "p95", "p99", "max"]);
    expect(stderr).to.include("sending events");
    expect(status).to.equal(0);
  });

  it("reads the outputs from standard input, streams an export, and prints text without --json", async () => {
    const stdin = JSON.stringify({ ...outputs, streamArn: "more than is needed" });
    const { status, stdout } = await amplitudeKinesis(["verify", "--outputs", "-", "--export", EXPORT], {
      env,
      stdin,
    });
    expect(stdout)
      .to.match(/^VERIFIED/)
      .and.to.match(/events sent +210\n/);
    expect(status).to.equal(0);
  });

  it("lets a flag override a file", async () => {
    const file = join(folder, "outputs.json");
    await writeFile(file, JSON.stringify({ ...outputs, streamName: "no-such-stream" }));
    const args = [
      "verify",
      "--outputs",
      file,
      "--stream-name",
      outputs.streamName,
      "--events",
      "1",
      "--json",
    ];
    const { stdout } = await runInProcess(args, env);
    expect(JSON.parse(stdout)).to.include({ verdict: "verified", streamName: outputs.streamName });
  });

  it("names a project that the guard expects, as send does", async () => {
    const guarded = await deploy(aws);
    const file = join(folder, "guarded.json");
    await writeFile(file, JSON.stringify({ ...guarded, guardProjectIds: [42, 43] }));
    for (const command of ["verify", "send"])
      expect((await runInProcess([command, "--outputs", file, "--events", "5"], env)).status).to.equal(0);
    const apps = (await recordsOf(aws, guarded.streamName)).map(({ bytes }) => JSON.parse(String(bytes)).app);
    expect(apps).to.deep.equal(new Array(10).fill(42));
  });

  it("uses the sender's profile, and so the role's route", async () => {
    const file = join(folder, "credentials");
    const { accessKeyId, secretAccessKey } = aws.principals.amplitude;
    await writeFile(
      file,
      `[amp]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
    );
    const args = ["verify", ...flagsOf(outputs), "--events", "5", "--sender-profile", "amp", "--json"];
    const { stdout, stderr } = await runInProcess(args, { ...env, AWS_SHARED_CREDENTIALS_FILE: file });
    expect(JSON.parse(stdout), stderr).to.include({ verdict: "verified", route: "role" });
  });

  it("exits 1 with a finding and its remedy, and no stack trace, if the deployment is wrong", async () => {
    const wrong = await deploy(aws, { trust: trustOf("arn:aws:iam::444455556666:root") });
    const { status, stdout, stderr } = await runInProcess(["verify", ...flagsOf(wrong)], env);
    expect(stdout)
      .to.match(/^FAILED/)
      .and.to.include("amplitude-not-trusted")
      .and.to.include("remedy: Run `pulumi up --refresh`");
    expect(stdout + stderr).not.to.match(/^\s+at /m);
    expect(status).to.equal(1);
  });

  it("reports a broken line of an export with file and line, and continues", async () => {
    const file = join(folder, "broken.json");
    await writeFile(file, '{"uuid":"1"}\n{"uuid":"2"\n{"uuid":"3"}\n');
    const { status, stdout } = await runInProcess(
      ["verify", ...flagsOf(outputs), "--export", file, "--json"],
      env,
    );
    const report = JSON.parse(stdout);
    expect(report).to.include({ verdict: "verified", eventsSent: 2, eventsSkipped: 1, filesSkipped: 0 });
    expect(report.findings[0]).to.include({ code: "source-problems", severity: "warning" });
    expect(report.findings[0].message).to.include("broken.json:2");
    expect(status).to.equal(0);
  });

  it("reads a stack through the pulumi command", async () => {
    const pulumi = join(folder, "pulumi");
    const printed = `[ "$1" = config ] && echo '{}' || echo '${JSON.stringify(outputs)}'`;
    await writeFile(pulumi, `#!/bin/sh\n${printed}\n`);
    await chmod(pulumi, 0o755);
    const PATH = `${folder}${delimiter}${process.env.PATH}`;
    const args = ["verify", "--stack", "acme", "--cwd", folder, "--events", "1", "--json"];
    const { stdout, stderr } = await runInProcess(args, { ...env, PATH });
    expect(JSON.parse(stdout), stderr).to.include({ verdict: "verified" });
  });

  it("keeps its exit status if the reader closes the pipe", async () => {
    const args = [...flagsOf(outputs), "--events", "3", "--json"].map((word) => `'${word}'`).join(" ");
    const command = `{ '${process.execPath}' '${ENTRY}' verify ${args}; echo "status $?" >&2; } | true`;
    const { stderr } = await promisify(execFile)("sh", ["-c", command], { env: { ...process.env, ...env } });
    expect(stderr).to.include("status 0").and.not.to.include("EPIPE");
  });

  it("reads the UTF-16 that PowerShell writes", async () => {
    const file = join(folder, "utf16.json");
    await writeFile(file, Buffer.from(`\ufeff${JSON.stringify(outputs)}`, "utf16le"));
    const { stdout } = await runInProcess(["verify", "--outputs", file, "--events", "1", "--json"], env);
    expect(JSON.parse(stdout)).to.include({ verdict: "verified" });
  });

  describe("exits 2 and says what to do", () => {
    const noSuchFile = join(tmpdir(), "no-such-folder", "no-such-file");
    const good = [
      "--role-arn",
      "arn:aws:iam::111122223333:role/r",
      "--region",
      "us-east-1",
      "--stream-name",
      "s",
    ];
    const cases: [what: string, args: string[], says: RegExp, stdin?: string][] = [
      ["without a stream", [], /--stack NAME, --outputs FILE/],
      ["without one of the flags", good.slice(0, 4), /--stream-name/],
      [
        "with a malformed role ARN",
        ["--role-arn", "role/r", ...good.slice(2)],
        /roleArn of .* is "role\/r", not the ARN/,
      ],
      [
        "with a malformed region",
        [...good.slice(0, 2), "--region", "Frankfurt", ...good.slice(4)],
        /region of .*"Frankfurt"/,
      ],
      ["with outputs that are not JSON", ["--outputs", "-"], /standard input is not JSON/, "roleArn: x"],
      [
        "with outputs of another stack",
        ["--outputs", "-"],
        /roleArn is missing \(looked for in: .*standard input/,
        '{"url":"x"}',
      ],
      ["with a file of outputs that is not there", ["--outputs", noSuchFile], /no-such-file can't be read/],
      ["with an export that is not there", [...good, "--export", noSuchFile], /no-such-file/],
      [
        "with both a generator and an export",
        [...good, "--events", "1", "--export", "x"],
        /cannot be used with/,
      ],
      ["with a negative number of events", [...good, "--events", "-5"], /integer from 1/],
      ["with no timeout", [...good, "--timeout", "0"], /integer from 1/],
      ["with a route that there isn't", [...good, "--route", "console"], /role, operator/],
      ["with an option that there isn't", [...good, "--evnets", "5"], /unknown option '--evnets'/],
    ];
    for (const [what, args, says, stdin = ""] of cases) {
      it(what, async () => {
        const { status, stdout, stderr } = await amplitudeKinesis(["verify", ...args], { env, stdin });
        expect(stderr)
          .to.match(says)
          .and.not.to.match(/^\s+at /m);
        expect({ status, stdout }).to.deep.equal({ status: 2, stdout: "" });
      });
    }

    it("without the pulumi command", async () => {
      const withoutPulumi = { ...env, PATH: join(folder, "empty") };
      const { status, stderr } = await runInProcess(["verify", "--stack", "acme"], withoutPulumi);
      expect(stderr).to.include("requires the `pulumi` command");
      expect(status).to.equal(2);
    });

    it("without credentials", async () => {
      const { AWS_ACCESS_KEY_ID, ...rest } = env;
      const { status, stderr } = await runInProcess(["verify", ...good], rest);
      expect(stderr).to.include("credentials are missing").and.to.include("AWS_PROFILE");
      expect(status).to.equal(2);
    });

    it("with a profile that doesn't exist", async () => {
      const { status, stderr } = await runInProcess(["verify", ...good, "--sender-profile", "nosuch"], env);
      expect(stderr).to.include('The sender\'s AWS credentials (profile "nosuch") are missing');
      expect(status).to.equal(2);
    });

    it("with an endpoint without a server", async () => {
      const { status, stderr } = await runInProcess(["verify", ...good], {
        ...env,
        AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      });
      expect(stderr).to.include("AWS_ENDPOINT_URL");
      expect(status).to.equal(2);
    });
  });
});

describe("The amplitude-kinesis command", () => {
  it("has the version of the package", async () => {
    const { stdout } = await runInProcess(["--version"]);
    expect(stdout.trim()).to.equal(packageJson.version);
  });

  it("shows its options and exit statuses on request", async () => {
    const { status, stdout } = await runInProcess(["verify", "--help"]);
    expect(stdout).to.include("--sender-profile").and.to.include("0 verified, 1 failed, 2 wrong usage,");
    expect(status).to.equal(0);
  });

  it("rejects an older Node in one sentence", async () => {
    const bin = join(__dirname, "..", "..", "..", "..", "bin", "amplitude-kinesis.js");
    const program = `Object.defineProperty(process.versions, "node", { value: "20.1.0" }); require(${JSON.stringify(bin)})`;
    const run = promisify(execFile)(process.execPath, ["-e", program]);
    const { code, stderr } = await run.then(
      () => ({ code: 0, stderr: "" }),
      (error: { code: number; stderr: string }) => error,
    );
    expect(stderr).to.match(/^amplitude-kinesis needs Node\.js 22\.2 or later; this is v[\d.]+\.\n$/);
    expect(code).to.equal(2);
  });
});
