import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { DeliveryReport } from "../../../../delivery";
import { type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { json, type Lie, startLyingProxy } from "../../aws/lyingProxy";
import { type Deployment, deploy, recordsOf } from "../../deployment/deploy";
import { amplitudeKinesis, ENTRY, environmentOf } from "../commandLine";

/** Three requests. */
const EVENTS = 1_050;

/** A running command, and its output. */
class Running {
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(args: string[], env: Record<string, string>) {
    const isolated = {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "none",
      PATH: process.env.PATH ?? "",
    };
    this.#child = spawn(process.execPath, [ENTRY, ...args], { env: { ...isolated, ...env } });
    this.#child.stdout?.on("data", (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
    this.#ended = once(this.#child, "close");
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits for its end. @returns The exit status, or the signal that ended it. */
  async end(): Promise<number | string> {
    const [status, signal] = await this.#ended;
    return typeof signal === "string" ? signal : Number(status);
  }
}

/** Returns the numbers of the attempted events in a run file. */
async function eventsInFile(path: string): Promise<Set<number>> {
  const known = new Set<number>();
  for (const line of (await readFile(path, "utf8")).split("\n").slice(0, -1)) {
    const { kind, events = [] } = JSON.parse(line);
    if (kind !== "attempt") continue;
    for (const [first, last] of events) for (let at = first; at <= last; at += 1) known.add(at);
  }
  return known;
}

describe("amplitude-kinesis verify, interrupted", () => {
  let aws: Fixture;
  let folder: string;
  before(async () => {
    aws = await sharedAws();
    folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-runs-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await aws.remove();
  });

  let made = 0;
  /** Starts the command behind a fault proxy, with a new run folder. */
  async function underway(lie: (running: () => Running) => Lie) {
    const outputs = await deploy(aws, { shards: 2 });
    const runs = join(folder, `runs-${made++}`);
    let running: Running | undefined;
    const proxy = await startLyingProxy(
      aws.endpoint,
      lie(() => running as Running),
    );
    const env = { ...environmentOf(aws, aws.principals.operator), AWS_ENDPOINT_URL: proxy.endpoint };
    const { roleArn, region, streamName } = outputs;
    const flags = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName];
    const args = ["verify", ...flags, "--events", `${EVENTS}`, "--run-folder", runs, "--yes", "--json"];
    running = new Running(args, env);
    return { outputs, runs, running, proxy };
  }

  async function resumed(runs: string, outputs: Deployment) {
    const [file = ""] = (await readdir(runs)).filter((name) => name.endsWith(".run"));
    const known = await eventsInFile(join(runs, file));
    const inStream = await recordsOf(aws, outputs.streamName);
    const numbers = inStream.map(({ partitionKey }) => Number(partitionKey.split(".")[2]));
    expect(
      numbers.filter((number) => !known.has(number)),
      "sent, and not in the run's file",
    ).to.deep.equal([]);
    const args = ["verify", "--resume", file.replace(".run", ""), "--run-folder", runs, "--yes", "--json"];
    const { status, stdout, stderr } = await amplitudeKinesis(args, {
      env: environmentOf(aws, aws.principals.operator),
    });
    expect(status, stdout + stderr).to.equal(0);
    return { report: JSON.parse(stdout) as DeliveryReport, known, file };
  }

  /** Checks that every event is intact, and that only events without a response are duplicated. */
  async function expectWhole(report: DeliveryReport, outputs: Deployment, runs: string) {
    expect(report).to.include({
      verdict: "verified",
      eventsSent: EVENTS,
      eventsDelivered: EVENTS,
      duplicatesUnexplained: 0,
      resumable: false,
    });
    expect(report.resumedFrom).to.be.a("string");
    const inStream = await recordsOf(aws, outputs.streamName);
    expect(new Set(inStream.map(({ partitionKey }) => partitionKey)).size).to.equal(EVENTS);
    expect(inStream.length - EVENTS).to.equal(report.eventsDuplicated);
    expect(await readdir(runs)).to.deep.equal([]);
  }

  const moments: [when: string, lie: (running: () => Running) => Lie, duplicates: number][] = [
    [
      "before its second request has reached Kinesis",
      (running) =>
        ({ operation, earlier }) => {
          if (operation !== "PutRecords" || earlier !== 1) return undefined;
          running().signal("SIGKILL");
          return json({}, 503);
        },
      0,
    ],
    [
      "after Kinesis has carried its second request out",
      (running) =>
        async ({ operation, earlier, forward }) => {
          if (operation !== "PutRecords" || earlier !== 1) return undefined;
          const answer = await forward();
          running().signal("SIGKILL");
          return answer;
        },
      500,
    ],
    [
      "while it reads back",
      (running) => {
        let sent = 0;
        return ({ operation }) => {
          if (operation === "PutRecords") sent += 1;
          if (operation === "GetRecords" && sent === 3) running().signal("SIGKILL");
          return undefined;
        };
      },
      500,
    ],
  ];
  for (const [when, lie, mostDuplicates] of moments) {
    it(`by kill -9 ${when}, can be resumed, and accounts for every event`, async () => {
      const { outputs, runs, running, proxy } = await underway(lie);
      expect(await running.end()).to.equal("SIGKILL");
      await proxy.stop();
      const { report } = await resumed(runs, outputs);
      await expectWhole(report, outputs, runs);
      expect(report.eventsDuplicated).to.be.at.most(mostDuplicates);
    });
  }

  it("by Ctrl-C, reads back what it sent, is undecided, says how to resume, and can be resumed", async () => {
    const { outputs, runs, running, proxy } = await underway((current) => ({ operation, earlier }) => {
      if (operation === "PutRecords" && earlier === 1) current().signal("SIGINT");
      return undefined;
    });
    expect(await running.end()).to.equal(3);
    await proxy.stop();
    const report: DeliveryReport = JSON.parse(running.stdout);
    expect(report).to.include({
      verdict: "undecided",
      resumable: true,
      eventsNotDelivered: 0,
      eventsUnknown: 0,
    });
    expect(report.eventsDelivered)
      .to.equal(report.eventsSent)
      .and.to.be.within(500, EVENTS - 1);
    const interrupted = report.findings.find(({ code }) => code === "interrupted");
    expect(interrupted?.remedy).to.include(`npx amplitude-kinesis verify --resume ${report.runId}`);
    expect(running.stderr).to.include("Press Ctrl-C again to quit immediately");
    const { report: whole, file } = await resumed(runs, outputs);
    expect(file).to.equal(`${report.runId}.run`);
    await expectWhole(whole, outputs, runs);
    expect(whole.eventsDuplicated).to.equal(0);
  });

  it("by Ctrl-C twice, quits immediately with the status of an interrupted command", async () => {
    const { running, proxy, runs } = await underway((current) => async ({ operation, earlier }) => {
      if (operation !== "PutRecords" || earlier !== 1) return undefined;
      current().signal("SIGINT");
      while (!current().stderr.includes("Press Ctrl-C again")) await new Promise(setImmediate);
      current().signal("SIGINT");
      return new Promise(() => undefined); // Never answered.
    });
    expect(await running.end()).to.equal(130);
    expect(running.stdout).to.equal("");
    expect((await readdir(runs)).some((name) => name.endsWith(".run"))).to.equal(true);
    await proxy.stop();
  });

  it("leaves no run file if there is a verdict, or with --no-run-file", async () => {
    const { roleArn, region, streamName } = await deploy(aws);
    const runs = join(folder, "none");
    const flags = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName, "--events", "5"];
    const env = environmentOf(aws, aws.principals.operator);
    expect((await amplitudeKinesis(["verify", ...flags, "--run-folder", runs], { env })).status).to.equal(0);
    expect(await readdir(runs)).to.deep.equal([]);
    const args = ["verify", ...flags, "--run-folder", join(folder, "never"), "--no-run-file"];
    expect((await amplitudeKinesis(args, { env })).status).to.equal(0);
    expect(existsSync(join(folder, "never"))).to.equal(false);
  });

  const refusals: [what: string, args: string[], says: RegExp][] = [
    [
      "a run that there isn't",
      ["--resume", "AAAAAAAAAAAA", "--run-folder", "FOLDER"],
      /a decided run deletes its file.*--run-folder/,
    ],
    ["what is no run's id", ["--resume", "../../secret"], /the id of a run/],
    ["other events than the run's", ["--resume", "AAAAAAAAAAAA", "--events", "5"], /cannot be used with/],
    ["no file to go by", ["--resume", "AAAAAAAAAAAA", "--no-run-file"], /--no-run-file/],
  ];
  for (const [what, args, says] of refusals) {
    it(`refuses to resume ${what}`, async () => {
      const named = args.map((word) => (word === "FOLDER" ? folder : word));
      const { status, stderr } = await amplitudeKinesis(["verify", ...named]);
      expect(stderr).to.match(says);
      expect(status).to.equal(2);
    });
  }

  it("says what to do if the run folder can't be created, and sends nothing", async () => {
    const { roleArn, region, streamName } = await deploy(aws);
    const flags = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName, "--events", "5"];
    const env = environmentOf(aws, aws.principals.operator);
    const { status, stderr } = await amplitudeKinesis(
      ["verify", ...flags, "--run-folder", "/dev/null/runs"],
      { env },
    );
    expect(stderr).to.include("/dev/null/runs").and.to.include("--no-run-file");
    expect(status).to.equal(2);
    expect(await recordsOf(aws, streamName)).to.deep.equal([]);
  });
});
