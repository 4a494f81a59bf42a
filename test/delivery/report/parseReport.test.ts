import { expect } from "chai";
import { ReportError } from "../../../delivery/common/errors";
import { parseReport } from "../../../delivery/report/parseReport";
import { EMPTY, FAILED, HUGE, UNDECIDED, VERIFIED } from "./reports";

function problemOf(text: string): string {
  try {
    parseReport(text, "run.json");
  } catch (error) {
    expect(error).to.be.instanceOf(ReportError);
    return (error as Error).message;
  }
  throw new Error("It was expected to be refused, and was taken.");
}

describe("Reading a report", () => {
  it("gives back what was written, whatever it reports", () => {
    for (const report of [VERIFIED, FAILED, UNDECIDED, EMPTY, HUGE]) {
      expect(parseReport(JSON.stringify(report), "it")).to.deep.equal(report);
    }
  });

  it("lets be what a later version has beside it, a finding of a later kind too", () => {
    const later = { ...FAILED, news: 1, findings: [{ ...FAILED.findings[0], code: "of-tomorrow" }] };
    expect(parseReport(JSON.stringify(later), "it")).to.deep.equal(later);
  });

  it("names each field that is missing", () => {
    for (const field of Object.keys(VERIFIED)) {
      const { [field as keyof typeof VERIFIED]: gone, ...rest } = VERIFIED;
      expect(problemOf(JSON.stringify(rest))).to.include(`run.json is not a report: ${field} is missing`);
    }
  });

  const cases: [what: string, change: object, says: string][] = [
    ["a later version", { reportVersion: 2 }, "reportVersion is not 1, the one that this version reads"],
    ["another verdict", { verdict: "fine" }, "verdict must be equal to one of the allowed values: verified"],
    ["a number that is none", { eventsSent: "1" }, "eventsSent must be integer"],
    ["a negative number", { eventsLost: -1 }, "eventsLost must be >= 0"],
    ["a rate above 1", { deliveryRate: 1.5 }, "deliveryRate must be <= 1"],
    ["a time that is none", { startedAt: "yesterday" }, "startedAt must match pattern"],
    [
      "a malformed bucket",
      { timeline: { bucketSeconds: 1, buckets: [{ sent: 1, acknowledged: 1 }] } },
      "timeline.buckets[0].read is missing",
    ],
    [
      "a malformed shard",
      { shards: [{ shardId: "", eventsAcknowledged: 1, recordsRead: 1 }] },
      "shards[0].shardId must NOT have fewer than 1",
    ],
    ["a histogram that is none", { latencyHistogram: "AAAA" }, "latencyHistogram is no HdrHistogram"],
  ];
  for (const [what, change, says] of cases) {
    it(`refuses ${what} by its name`, () => {
      expect(problemOf(JSON.stringify({ ...VERIFIED, ...change }))).to.include(says);
    });
  }

  it("refuses what is no JSON, and JSON that is no object, and says what to give", () => {
    expect(problemOf("VERIFIED: …")).to.include("it is not JSON").and.to.include("verify --json");
    for (const text of ["null", "[]", "1", '""']) expect(problemOf(text)).to.include("it must be object");
  });
});
