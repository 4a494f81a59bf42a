import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { type Deployment, deploy, recordsOf } from "../../deployment/deploy";
import { environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";
import { Running } from "../running";

describe("amplitude-kinesis send", () => {
  let aws: Fixture;
  let env: Record<string, string>;
  let outputs: Deployment;
  before(async () => {
    aws = await sharedAws();
    env = environmentOf(aws, aws.principals.operator);
  });
  beforeEach(async () => {
    outputs = await deploy(aws);
  });
  after(() => aws.remove());

  const args = (more: string[]) => {
    const { roleArn, region, streamName } = outputs;
    return ["send", "--role-arn", roleArn, "--region", region, "--stream-name", streamName, ...more];
  };

  it("writes every event once, reports it as one JSON document, and exits 0", async () => {
    const { status, stdout, stderr } = await runInProcess(args(["--events", "700", "--json"]), env);
    const report = JSON.parse(stdout);
    expect(report).to.include({
      outcome: "sent",
      route: "operator",
      eventsSent: 700,
      eventsAcknowledged: 700,
    });
    expect(report).to.include({ eventsRefused: 0, eventsUnknown: 0 });
    expect(report.shards).to.have.length(2);
    const records = await recordsOf(aws, outputs.streamName);
    expect(new Set(records.map(({ partitionKey }) => partitionKey)).size).to.equal(700);
    expect(records).to.have.length(700);
    expect(records[0]?.partitionKey).to.match(new RegExp(`^amplitude-kinesis\\.${report.runId}\\.\\d+$`));
    expect(stderr).to.include("sending events");
    expect(status).to.equal(0);
  });

  it("keeps to the rate", async () => {
    const { stdout } = await runInProcess(args(["--rate", "50", "--duration", "2s", "--json"]), env);
    const report = JSON.parse(stdout);
    expect(report).to.include({ outcome: "sent", eventsSent: 100 });
    expect(report.durationInSeconds).to.be.greaterThan(1.9);
  });

  it("sends nothing and exits 1 if the deployment is broken", async () => {
    outputs = await deploy(aws, { statements: undefined });
    const { status, stdout } = await runInProcess(args(["--events", "5", "--propagation", "0"]), env);
    expect(stdout)
      .to.match(/^FAILED/)
      .and.to.include("write-not-allowed")
      .and.to.match(/events sent +0\n/);
    expect(status).to.equal(1);
    expect(await recordsOf(aws, outputs.streamName)).to.deep.equal([]);
  });

  it("waits for requests in flight at Ctrl-C, and exits 3", async () => {
    const running = new Running(args(["--rate", "20", "--duration", "5m", "--json"]), env);
    await running.prints(/\d+ sent, [1-9]\d* acknowledged|sending .*events.s/);
    running.interrupt();
    expect(await running.end(), running.output).to.equal(3);
    const report = JSON.parse(running.output.slice(running.output.indexOf("{")));
    expect(report.outcome).to.equal("undecided");
    expect(report.eventsSent).to.equal(
      report.eventsAcknowledged + report.eventsRefused + report.eventsUnknown,
    );
    expect(await recordsOf(aws, outputs.streamName)).to.have.length(report.eventsAcknowledged);
  });

  it("exits 2 for a source without events", async () => {
    const folder = await mkdtemp(join(tmpdir(), "amplitude-kinesis-"));
    const file = join(folder, "broken.json");
    await writeFile(file, '{"uuid":"1"\n');
    const { status, stderr } = await runInProcess(args(["--export", file]), env);
    await rm(folder, { recursive: true });
    expect(stderr).to.include("The source has no events");
    expect(status).to.equal(2);
  });
});
