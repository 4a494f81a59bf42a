import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import {
  type Clock,
  type ReconcileOptions,
  type ReconcileReport,
  reconcileDelivery,
  systemClock,
} from "../../../delivery";
import { formatHour, HOUR_MS } from "../../../delivery/reconcile/options";
import type { ExportFault } from "../../../sandbox/amplitude/exportApi";
import { type LocalAmplitude, startAmplitude } from "../../../sandbox/amplitude/server";
import { clientsOf, type Fixture, failureOf, sharedAws } from "../../sandbox/aws/localAws";
import { type Deployment, deploy } from "../deployment/deploy";
import { temporaryFolder, zipped } from "../events/export/exports";
import { type Row, rows } from "../watch/rows";

/** Start of an hour that is exported, and whose retries are over. */
const HOUR = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 6 * HOUR_MS;

function timestamp(time: number): string {
  return new Date(time).toISOString().replace("T", " ").replace("Z", "000");
}

/** Everything of a report but its times and findings. */
function numbersOf({ startedAt: _, durationInSeconds: __, findings: ___, ...numbers }: ReconcileReport) {
  return numbers;
}

describe("reconcileDelivery, against the sandbox", () => {
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

  describe("with the Export API", () => {
    let amplitude: LocalAmplitude;
    beforeEach(async () => {
      amplitude = await startAmplitude({
        aws: { endpoint: aws.endpoint, credentials: aws.principals.amplitude },
      });
    });
    afterEach(() => amplitude.stop());

    const fetching = (): Partial<ReconcileOptions> => {
      const { origin: url, apiKey, secretKey } = amplitude;
      // Pauses between attempts take no time.
      const clock: Clock = {
        now: Date.now,
        sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 50), signal),
      };
      return { url, apiKey, secretKey, clock };
    };
    const addRows = (all: Row[]) => {
      for (const row of all) {
        const time = Date.parse(`${String(row.server_upload_time).replace(" ", "T")}Z`);
        amplitude.exports.add(JSON.stringify(row), time);
      }
    };

    it("fetches hour by hour, and repeats what was throttled, failed or damaged", async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const all = await exportedRows(20);
      addRows(all);
      await put(outputs.streamName, all);
      const faults: Record<string, ExportFault[]> = {
        [formatHour(HOUR).replaceAll("-", "")]: [429, 500, "torn"],
        [formatHour(HOUR + HOUR_MS).replaceAll("-", "")]: ["cut"],
      };
      amplitude.exports.fault = (range, request) => faults[range.slice(0, 11)]?.[request - 1];
      const report = await reconcile(outputs, fetching());
      expect(report).to.include({
        verdict: "complete",
        eventsExported: 20,
        eventsDelivered: 20,
        eventsSkipped: 0,
      });
    });

    it("takes kept hours from the folder, also one without events, and fetches a damaged one again", async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const all = (await exportedRows(20)).filter((_, index) => index % 2 === 0);
      addRows(all);
      await put(outputs.streamName, all.slice(1));
      const requests: string[] = [];
      amplitude.exports.fault = (range) => void requests.push(range);
      const keepExport = file("kept");
      const options = { ...fetching(), keepExport };
      const first = await reconcile(outputs, options);
      expect(first).to.include({ verdict: "incomplete", eventsExported: 10, eventsMissing: 1 });
      expect(requests).to.have.length(2);
      const kept = readdirSync(keepExport);
      expect(kept).to.have.length(2);
      expect(kept.every((name) => /^amplitude-[0-9a-f]{12}-[\dT-]+\.zip$/.test(name))).to.equal(true);
      const second = await reconcile(outputs, options);
      expect(requests).to.have.length(2);
      expect(numbersOf(second)).to.deep.equal(numbersOf(first));
      truncateSync(join(keepExport, kept[0] ?? ""), 30);
      expect(numbersOf(await reconcile(outputs, options))).to.deep.equal(numbersOf(first));
      expect(requests).to.have.length(3);
    });

    it("keeps no hour that was damaged, and can't decide it", async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const all = await exportedRows(20);
      addRows(all);
      await put(outputs.streamName, all);
      amplitude.exports.fault = () => "corrupt";
      const keepExport = file("kept");
      const report = await reconcile(outputs, { ...fetching(), keepExport });
      expect(report.verdict).to.equal("undecided");
      expect(report.findings.map(({ code }) => code)).to.include("source-problems");
      expect(readdirSync(keepExport)).to.deep.equal([]);
    });

    it("can't decide an hour that Amplitude does not export yet", async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const report = await reconcile(outputs, { ...fetching(), to: formatHour(Date.now()) });
      expect(report.verdict).to.equal("undecided");
      expect(report.hours.at(0)).to.include({ verdict: "complete", eventsExported: 0 });
      expect(report.hours.at(-1)).to.include({ verdict: "undecided" });
      expect(report.findings.map(({ code }) => code)).to.include("hours-not-exported");
    });

    it("rejects a wrong secret key without showing it", async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const secretKey = "planted-secret-0123456789";
      const { name, message } = await failureOf(reconcile(outputs, { ...fetching(), secretKey }));
      expect(name).to.equal("DeliveryError");
      expect(message)
        .to.match(/rejects the API key or the secret key/)
        .and.not.to.include(secretKey);
    });
  });

  it("writes what is missing, reads it back, and writes nothing the second time", async () => {
    const outputs = await deploy(aws, { shards: 2 });
    const all = await exportedRows(40);
    await put(outputs.streamName, all.slice(5));
    const exports = [await archive(all)];
    const asked: number[] = [];
    const options = { exports, backfill: true, confirmBackfill: (events: number) => asked.push(events) > 0 };
    const report = await reconcile(outputs, { ...options, missing: file("missing.jsonl") });
    expect(report).to.include({
      verdict: "complete",
      eventsDelivered: 40,
      eventsMissing: 0,
      eventsDuplicated: 0,
    });
    expect(report).to.include({ eventsDifferent: 0 });
    expect(report.backfill).to.deep.equal({ eventsWritten: 5, eventsNotWritten: 0 });
    expect(readFileSync(file("missing.jsonl"), "utf8")).to.equal("");
    const again = await reconcile(outputs, options);
    expect(again).to.include({ verdict: "complete", eventsDelivered: 40, eventsDuplicated: 0 });
    expect(again.backfill).to.equal(null);
    expect(asked).to.deep.equal([5]);
  });

  it("writes nothing without consent, and lists the missing events without their content", async () => {
    const outputs = await deploy(aws, { shards: 1 });
    const all = await exportedRows(12);
    await put(outputs.streamName, all.slice(2));
    const missing = file("missing.jsonl");
    const report = await reconcile(outputs, {
      exports: [await archive(all)],
      backfill: true,
      confirmBackfill: () => false,
      missing,
    });
    expect(report).to.include({ verdict: "incomplete", eventsMissing: 2, backfill: null });
    const lines = readFileSync(missing, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal(
      all.slice(0, 2).map(({ uuid, event_type, server_upload_time }, index) => ({
        uuid,
        type: event_type,
        server_upload_time,
        file: "export.zip/1/1_2026-11-27_10#0.json.gz",
        line: index + 1,
      })),
    );
  });

  it("says from when on the stream can be compared, if its retention doesn't reach back", async () => {
    const outputs = await deploy(aws, { shards: 1 });
    const exports = [await archive(await exportedRows(1))];
    const { name, message } = await failureOf(
      reconcile(outputs, { exports, from: formatHour(Date.now() - 30 * HOUR_MS) }),
    );
    expect(name).to.equal("SettingsError");
    const [, first = ""] = /Give --from (\S+) or later/.exec(message ?? "") ?? [];
    const report = await reconcile(outputs, { exports, from: first });
    expect(report.eventsExported).to.equal(1);
  });

  it("decides nothing about an empty stream, unless types are known to be forwarded", async () => {
    const outputs = await deploy(aws, { shards: 1 });
    const exports = [await archive(await exportedRows(6))];
    const unknown = await reconcile(outputs, { exports });
    expect(unknown).to.include({ verdict: "undecided", eventsMissing: 0, eventsNotForwarded: 6 });
    expect(unknown.hours.map(({ verdict }) => verdict)).to.deep.equal(["undecided", "undecided"]);
    const known = await reconcile(outputs, { exports, eventTypes: ["type 1"] });
    expect(known).to.include({ verdict: "incomplete", eventsMissing: 2, eventsNotForwarded: 4 });
  });

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
