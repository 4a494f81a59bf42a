import { DeleteStreamCommand, PutRecordsCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { generateEvents } from "../../../../delivery/events/generator/generator";
import { assume, clientsOf, type Fixture, sharedAws, trustOf } from "../../../sandbox/aws/localAws";
import { until } from "../../../until";
import { type Deployment, deploy } from "../../deployment/deploy";
import { eventsOf } from "../../events/eventsOf";
import { ENTRY, environmentOf } from "../commandLine";
import { Running } from "../running";

describe("amplitude-kinesis watch", () => {
  let aws: Fixture;
  let env: Record<string, string>;
  let outputs: Deployment;
  before(async () => {
    aws = await sharedAws();
    env = { ...environmentOf(aws, aws.principals.operator), AWS_EC2_METADATA_DISABLED: "true" };
  });
  beforeEach(async () => {
    outputs = await deploy(aws);
  });
  after(() => aws.remove());

  const watch = (args: string[], command?: string[]) => {
    const { roleArn, region, streamName } = outputs;
    const deployment = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName];
    return new Running(["watch", ...deployment, ...args], env, command);
  };

  /** Writes rows as Amplitude might, without delivery's code. */
  async function write(events: number, change: Record<string, unknown> = {}): Promise<void> {
    const Records: { PartitionKey: string; Data: Buffer }[] = [];
    for await (const { bytes } of eventsOf(generateEvents({ events }))) {
      const row = { ...JSON.parse(bytes.toString()), ...change };
      Records.push({ PartitionKey: row.uuid, Data: Buffer.from(JSON.stringify(row)) });
    }
    const { kinesis } = clientsOf(aws, aws.principals.operator);
    await kinesis.send(new PutRecordsCommand({ StreamName: outputs.streamName, Records }));
  }

  it("ends as verified and exits 0 once the requested number of events has arrived", async () => {
    const running = watch(["--until", "40", "--expect-app", "100011471"]);
    await running.prints(/ rows, /);
    await write(40);
    expect(await running.end(), running.output).to.equal(0);
    expect(running.output)
      .to.match(/VERIFIED: Amplitude's events arrive/)
      .and.to.match(/rows +40: 37 events, 2 Identify, 1 Group Identify/)
      .and.to.include("projects        100011471 (40)")
      .and.not.to.include("\x1b");
    expect(running.output).not.to.match(/example\.com|203\.0\.113|user-\d/);
  });

  it("prints a snapshot per second with --json, and the verdict in the last one", async () => {
    const running = watch(["--until", "3s", "--json", "--from", "trim-horizon"]);
    await write(10);
    expect(await running.end(), running.output).to.equal(0);
    const snapshots = running.lines.filter((line) => line !== "").map((line) => JSON.parse(line));
    expect(snapshots.length).to.be.within(3, 6);
    expect(snapshots.map(({ verdict }) => verdict).slice(0, -1)).to.deep.equal(
      new Array(snapshots.length - 1).fill(null),
    );
    expect(snapshots.at(-1)).to.deep.include({ verdict: "verified", events: 10, shards: 2, findings: [] });
  });

  it("exits 1 with the likely causes if nothing arrives", async () => {
    const running = watch(["--until", "1s"]);
    expect(await running.end()).to.equal(1);
    expect(running.output)
      .to.match(/FAILED/)
      .and.to.match(/nothing-arrived: .*\n.*\n {2}remedy: In Amplitude, check that the/);
  });

  it("ends immediately and exits 1 if another project writes", async () => {
    const running = watch(["--until", "10m", "--expect-app", "1", "--expect-app", "2"]);
    await running.prints(/ rows, /);
    await write(3, { app: 2 });
    await running.prints(/3 rows, /);
    await write(1, { app: 666 });
    expect(await running.end(), running.output).to.equal(1);
    expect(running.output).to.match(
      /unexpected-app: 1 row came from Amplitude projects other than 1, 2: 666 \(1\)/,
    );
  });

  it("follows a stream that is resharded", async () => {
    const running = watch(["--until", "60", "--json"]);
    await running.prints(/"shards":2,"caughtUp":true/);
    await write(30);
    await running.prints(/"events":30,/);
    const { kinesis } = clientsOf(aws, aws.principals.operator);
    const split = { ShardToSplit: "shardId-000000000000", NewStartingHashKey: "4611686018427387904" };
    await kinesis.send(new SplitShardCommand({ StreamName: outputs.streamName, ...split }));
    await running.prints(/"shards":4,"caughtUp":true/);
    await write(30);
    expect(await running.end(), running.output).to.equal(0);
    expect(JSON.parse(running.lines.at(-2) ?? "")).to.include({ events: 60, shards: 4, verdict: "verified" });
  });

  it("sums up at Ctrl-C, and exits 0 if events had arrived and --until is missing", async () => {
    const running = watch([]);
    await running.prints(/ rows, /);
    await write(5);
    await running.prints(/5 rows, /);
    running.interrupt();
    expect(await running.end()).to.equal(0);
    expect(running.output).to.include("VERIFIED");
  });

  it("exits 3 at Ctrl-C before the end of --until", async () => {
    const running = watch(["--until", "10m"]);
    await running.prints(/ rows, /);
    running.interrupt();
    expect(await running.end()).to.equal(3);
    expect(running.output).to.include("interrupted: The watch was interrupted after 0 rows");
  });

  it("ends when the reader closes the pipe", async () => {
    const running = watch(["--json"]);
    await running.prints(/"verdict":null/);
    running.closeOutput();
    expect(await running.end()).to.equal(3);
  });

  it("exits 1 if the stream is deleted during the watch", async () => {
    const running = watch(["--until", "10m"]);
    // Waits until the watch has read the shards. Before that, it can't know that the stream existed.
    await running.prints(/ rows, (?!.*catching up).*\n/);
    const { kinesis } = clientsOf(aws, aws.principals.operator);
    await kinesis.send(new DeleteStreamCommand({ StreamName: outputs.streamName }));
    expect(await running.end(), running.output).to.equal(1);
    expect(running.output).to.match(/stream-not-(found|active): The stream is gone or/);
  });

  it("exits 1 if the stream does not exist, and 2 for credentials of another account", async () => {
    outputs = { ...outputs, streamName: "no-such-stream" };
    const running = watch([]);
    expect(await running.end()).to.equal(1);
    expect(running.output).to.include("stream-not-found");
    env = { ...environmentOf(aws, aws.principals.stranger) };
    const stranger = watch([]);
    env = environmentOf(aws, aws.principals.operator);
    expect(await stranger.end()).to.equal(2);
    expect(stranger.output).to.include("444455556666");
  });

  it("exits 3 and names the permissions if the caller may not read the stream", async () => {
    const describeAlone = ({ streamArn }: { streamArn: string }) => [
      { Effect: "Allow", Action: ["kinesis:DescribeStreamSummary"], Resource: [streamArn] },
    ];
    outputs = await deploy(aws, {
      trust: trustOf("arn:aws:iam::111122223333:root"),
      statements: describeAlone,
    });
    const session = await assume(aws, aws.principals.operator, outputs.roleArn);
    env = { ...env, AWS_ACCESS_KEY_ID: session.accessKeyId, AWS_SECRET_ACCESS_KEY: session.secretAccessKey };
    env = { ...env, AWS_SESSION_TOKEN: session.sessionToken };
    const running = watch(["--until", "10m"]);
    env = environmentOf(aws, aws.principals.operator);
    expect(await running.end(), running.output).to.equal(3);
    expect(running.output).to.match(/stream-not-readable: .*\n.*\n.*kinesis:GetRecords/);
  });

  it("exits 2 for invalid options", async () => {
    for (const args of [
      ["--until", "soon"],
      ["--from", "yesterday"],
      ["--expect-app", "acme"],
      ["--from", "2999-01-01"],
    ]) {
      const running = watch(args);
      expect(await running.end(), running.output).to.equal(2);
      expect(running.output).not.to.match(/^\s+at /m);
    }
  });

  describe("at a terminal", () => {
    /** Runs the command on a pseudo-terminal of `script`, which forwards keys and the exit status. */
    const terminal = (args: string[], before = "") => {
      const { roleArn, region, streamName } = outputs;
      const deployment = ["--role-arn", roleArn, "--region", region, "--stream-name", streamName];
      const words = [process.execPath, ENTRY, "watch", ...deployment, ...args];
      // Node assumes no colors for a CI system's terminal, and for one without a type.
      const environment = `env -u CI -u NO_COLOR TERM=xterm-256color ${before}`;
      // Uses exec, because Ctrl-C also reaches the shell, and dash would end before its child.
      const line = `stty cols 100 rows 30; exec ${environment} ${words.map((word) => `'${word}'`).join(" ")}`;
      return new Running(["--quiet", "--return", "--command", line, "/dev/null"], env, ["script"]);
    };

    it("draws on the alternate screen, and restores the terminal at Ctrl-C", async () => {
      const running = terminal([]);
      await running.prints(/rows\/s/);
      await write(20);
      await running.prints(/20: 18 events/);
      running.type("\x03");
      expect(await running.end()).to.equal(0);
      const { output } = running;
      expect(output.split("\x1b[?1049h")).to.have.length(2);
      expect(output.lastIndexOf("\x1b[?25h\x1b[?1049l")).to.be.greaterThan(output.lastIndexOf("\x1b[?25l"));
      // The events' types are random.
      expect(output.slice(output.lastIndexOf("\x1b[?1049l")))
        .to.include("VERIFIED")
        .and.to.match(/(session_start|Page Viewed|Product Added|Checkout Completed|session_end) \(/);
      expect(output).to.include("\x1b[1m");
    });

    it("shows no colors if NO_COLOR is set", async () => {
      const running = terminal(["--until", "1s"], "NO_COLOR=1");
      await until(() => running.output.includes("rows/s"));
      expect(await running.end()).to.equal(1);
      expect(
        running.output
          .split("\x1b[")
          .slice(1)
          .filter((part) => /^[\d;]*m/.test(part)),
      ).to.deep.equal([]);
    });
  });
});
