import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { type ReconcileOptions, reconcileDelivery } from "../../../delivery";
import { formatHour, HOUR_MS } from "../../../delivery/reconcile/options";
import { clientsOf, type Fixture, sharedAws } from "../../sandbox/aws/localAws";
import { type Deployment, deploy } from "../deployment/deploy";
import { temporaryFolder, zipped } from "../events/export/exports";
import { type Row, rows } from "../watch/rows";

/** Start of an hour that is exported, and whose retries are over. */
const HOUR = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 6 * HOUR_MS;

function timestamp(time: number): string {
  return new Date(time).toISOString().replace("T", " ").replace("Z", "000");
}

describe("reconcileDelivery, against the sandbox", function () {
  this.timeout(20_000);
  const file = temporaryFolder();
  let aws: Fixture;
  before(async () => {
    aws = await sharedAws();
  });
  after(() => aws.remove());

  const reconcile = (outputs: Deployment, options: Partial<ReconcileOptions>) =>
    reconcileDelivery({
      outputs,
      from: formatHour(HOUR),
      to: formatHour(HOUR + HOUR_MS),
      credentials: aws.principals.operator,
      endpoint: aws.endpoint,
      propagationSeconds: 0,
      pollMs: 50,
      ...options,
    });

  /** Rows of two hours, in turn. */
  async function exportedRows(count: number): Promise<Row[]> {
    return (await rows(count, "reconcile")).map((row, index) => ({
      ...row,
      event_type: `type ${index % 3}`,
      server_upload_time: timestamp(HOUR + (index % 2) * HOUR_MS + index * 1_000),
    }));
  }

  async function put(streamName: string, all: Row[]): Promise<void> {
    const kinesis = clientsOf(aws, aws.principals.operator).kinesis;
    const Records = all.map((row, index) => ({
      PartitionKey: `user ${index}`,
      Data: Buffer.from(JSON.stringify(row)),
    }));
    await kinesis.send(new PutRecordsCommand({ StreamName: streamName, Records }));
  }

  async function archive(all: Row[]): Promise<string> {
    const content = gzipSync(all.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const path = file("export.zip");
    writeFileSync(path, await zipped([{ name: "1/1_2026-11-27_10#0.json.gz", content }]));
    return path;
  }

  it("finds every loss, copy, change and foreign row", async () => {
    const outputs = await deploy(aws);
    const all = await exportedRows(60);
    const [lost = {}, doubled = {}, changed = {}, ...others] = all;
    await put(outputs.streamName, [
      ...others,
      doubled,
      doubled,
      { ...changed, city: "Elsewhere" },
      { ...lost, uuid: crypto.randomUUID(), app: 7 },
      { ...lost, uuid: crypto.randomUUID(), server_upload_time: timestamp(HOUR + 5 * HOUR_MS) },
      { ...lost, uuid: crypto.randomUUID() },
    ]);
    const report = await reconcile(outputs, { exports: [await archive(all)] });
    expect(report).to.include({
      verdict: "incomplete",
      eventsExported: 60,
      eventsDelivered: 59,
      eventsMissing: 1,
      eventsDuplicated: 1,
      eventsDifferent: 1,
      eventsLate: 59,
      eventsNotForwarded: 0,
      eventsOfOtherProjects: 1,
      eventsOfOtherHours: 1,
      eventsUnexplained: 1,
    });
    expect(
      report.hours.map(({ hour, verdict, eventsExported }) => [hour, verdict, eventsExported]),
    ).to.deep.equal([
      [formatHour(HOUR), "incomplete", 30],
      [formatHour(HOUR + HOUR_MS), "complete", 30],
    ]);
    expect(report.differences.map(({ field, count }) => [field, count])).to.deep.equal([["city", 1]]);
    expect(JSON.stringify(report)).not.to.include("Elsewhere");
  });
});
