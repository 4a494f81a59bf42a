import { expect } from "chai";
import fc from "fast-check";
import { reportText } from "../../../delivery/report/text";
import type { DeliveryReport } from "../../../delivery/verify/report";

const REPORT: DeliveryReport = {
  reportVersion: 1,
  verdict: "verified",
  route: "role",
  roleArn: "arn:aws:iam::111122223333:role/writer",
  region: "eu-central-1",
  streamName: "events",
  runId: "AAAAAAAAAAAA",
  part: null,
  resumable: false,
  resumedFrom: null,
  startedAt: "2026-01-05T00:00:00.000Z",
  durationInSeconds: 12.345,
  eventsSent: 1_000,
  eventsAcknowledged: 1_000,
  eventsDelivered: 1_000,
  eventsNotDelivered: 0,
  eventsRefused: 0,
  eventsLost: 0,
  eventsUnanswered: 0,
  eventsCorrupted: 0,
  eventsDuplicated: 3,
  duplicatesUnexplained: 1,
  eventsSeenDespiteRefusal: 0,
  eventsUnknown: 0,
  eventsSkipped: 0,
  filesSkipped: 0,
  deliveryRate: 1,
  latencyInSeconds: { p50: 0.1, p95: 0.2, p99: 0.3, max: 0.4 },
  acknowledgementInSeconds: { p50: 0.01, p95: 0.02, p99: 0.03, max: 0.04 },
  acknowledgementHistogram: null,
  latencyHistogram: null,
  timeline: { bucketSeconds: 1, buckets: [{ sent: 1_000, acknowledged: 1_000, read: 1_000 }] },
  recordsForeign: 7,
  recordsOfOtherParts: 0,
  shards: [
    { shardId: "shardId-000000000000", eventsAcknowledged: 400, recordsRead: 402 },
    { shardId: "shardId-000000000001", eventsAcknowledged: 600, recordsRead: 601 },
  ],
  findings: [],
  proof: { proves: ["this"], notProven: ["that"] },
  environment: { version: "0.1.0", nodeVersion: "v24.1.0", platform: "linux x64" },
};

function linesOf(changes: Partial<DeliveryReport> = {}): string[] {
  return reportText({ ...REPORT, ...changes }).split("\n");
}

function rowOf(name: string, changes: Partial<DeliveryReport> = {}): string | undefined {
  const line = linesOf(changes).find((one) => one.startsWith(`  ${name} `));
  return line?.slice(`  ${name}`.length).trim();
}

describe("The report as text", () => {
  const sentences = [
    { verdict: "verified", begins: "VERIFIED: " },
    { verdict: "failed", begins: "FAILED: " },
    { verdict: "undecided", begins: "UNDECIDED: " },
  ] as const;
  for (const { verdict, begins } of sentences) {
    it(`starts with the verdict: ${verdict}`, () => {
      expect(linesOf({ verdict })[0]?.startsWith(begins)).to.equal(true);
    });
  }

  it("says how many rows of the source a verified run left out", () => {
    expect(linesOf({ eventsSkipped: 3, filesSkipped: 1 })[0]).to.equal(
      "VERIFIED: every event sent was read back, byte for byte, but 2 rows and 1 file of the source were left out",
    );
    expect(linesOf({ verdict: "failed", eventsSkipped: 3 })[0]).not.to.include("left out");
    expect(rowOf("events skipped", { eventsSkipped: 3 })).to.equal("3");
  });

  it("doesn't claim equal bytes for events that Amplitude wrote", () => {
    expect(linesOf({ route: "amplitude" })[0])
      .to.include("fields that were sent")
      .and.not.include("byte");
    expect(linesOf({ route: "role" })[0]).to.include("byte for byte");
    const acknowledged = (route: "amplitude" | "role") =>
      linesOf({ route, acknowledgementInSeconds: null }).filter((line) => line.includes("acknowledged in"));
    expect([acknowledged("amplitude").length, acknowledged("role").length]).to.deep.equal([0, 1]);
  });

  const rows = [
    { name: "stream", value: "events (eu-central-1)" },
    { name: "role", value: REPORT.roleArn },
    { name: "events sent", value: "1000" },
    { name: "acknowledged", value: "1000" },
    { name: "delivered", value: "1000 (100%)" },
    { name: "not delivered", value: "0" },
    { name: "corrupted", value: "0" },
    { name: "unknown", value: "0" },
    { name: "duplicates", value: "3 (unexplained 1)" },
    { name: "foreign records", value: "7" },
    { name: "latency", value: "p50 0.1 s, p95 0.2 s, p99 0.3 s, max 0.4 s" },
    { name: "shards", value: "shardId-000000000000: 402, shardId-000000000001: 601" },
    { name: "acknowledged in", value: "p50 0.01 s, p95 0.02 s, p99 0.03 s, max 0.04 s" },
    { name: "duration", value: "12.3 s" },
    { name: "run", value: "AAAAAAAAAAAA" },
  ];
  for (const { name, value } of rows) {
    it(`has the row ${name}`, () => {
      expect(rowOf(name)).to.equal(value);
    });
  }

  it("says when a resumed run started", () => {
    const resumedFrom = "2026-01-04T00:00:00.000Z";
    expect(rowOf("run", { resumedFrom })).to.equal(`AAAAAAAAAAAA, started ${resumedFrom}`);
  });

  it("splits the events not delivered by their failure", () => {
    const changes = { eventsNotDelivered: 7, eventsRefused: 1, eventsLost: 2, eventsUnanswered: 4 };
    expect(rowOf("not delivered", changes)).to.equal("7 (rejected 1, lost 2, no response 4)");
  });

  it("shows only the count if every duplicate is explained", () => {
    expect(rowOf("duplicates", { duplicatesUnexplained: 0 })).to.equal("3");
  });

  it("says so if no latency was measured and no shard was found", () => {
    expect(rowOf("latency", { latencyInSeconds: null })).to.equal("none measured");
    expect(rowOf("shards", { shards: [] })).to.equal("none");
  });

  it("never rounds an incomplete delivery up to 100%", () => {
    const rate = fc.integer({ min: 0, max: 10_000_000 - 1 }).map((delivered) => delivered / 10_000_000);
    fc.assert(
      fc.property(rate, (deliveryRate) => {
        const shown = Number(/\((.*)%\)/.exec(rowOf("delivered", { deliveryRate }) ?? "")?.[1]);
        expect(shown).to.be.below(100);
        expect(shown).to.be.closeTo(deliveryRate * 100, 0.0011);
      }),
    );
  });

  it("shows each finding with its sign, location and remedy", () => {
    const findings = (["error", "undetermined", "warning"] as const).map((severity) => ({
      code: "events-lost" as const,
      severity,
      message: `the ${severity}`,
      where: `the place of the ${severity}`,
      remedy: `the remedy of the ${severity}`,
    }));
    const text = reportText({ ...REPORT, findings });
    const signs = { error: "✗", undetermined: "?", warning: "!" };
    for (const severity of ["error", "undetermined", "warning"] as const) {
      expect(text).to.include(
        [
          `${signs[severity]} events-lost: the ${severity}`,
          `  where:  the place of the ${severity}`,
          `  remedy: the remedy of the ${severity}`,
        ].join("\n"),
      );
    }
  });

  it("ends with what is proven and not proven, without a line break", () => {
    expect(linesOf().slice(-4)).to.deep.equal([
      "Proven (route: role):",
      "  + this",
      "Not proven:",
      "  - that",
    ]);
  });
});
