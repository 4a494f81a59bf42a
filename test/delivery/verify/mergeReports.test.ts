import { expect } from "chai";
import fc from "fast-check";
import { ReportError } from "../../../delivery";
import { type Finding, finding } from "../../../delivery/common/findings";
import { LatencyRecorder } from "../../../delivery/common/histogram";
import { parseReport } from "../../../delivery/report/parseReport";
import { renderReport } from "../../../delivery/report/renderReport";
import { mergeReports, type NamedReport } from "../../../delivery/verify/mergeReports";
import type { DeliveryReport } from "../../../delivery/verify/report";
import { latencies, VERIFIED } from "../report/reports";

/** Returns the report of a part, with its file's name. */
function part(index: number, change: Partial<DeliveryReport> = {}, count = 3): NamedReport {
  return { name: `part-${index}.json`, report: { ...VERIFIED, part: { index, count }, ...change } };
}

const all = (change: Partial<DeliveryReport> = {}) => [0, 1, 2].map((index) => part(index, change));
const codes = ({ findings }: DeliveryReport) => findings.map(({ code }) => code);
const WARNING: Finding = finding.warning("source-problems", "export.zip", "Broken", "Export again");

function recorded(ms: number[]) {
  const recorder = new LatencyRecorder();
  for (const one of ms) recorder.record(one);
  return {
    acknowledgementInSeconds: recorder.summary() ?? null,
    acknowledgementHistogram: recorder.encoded() ?? null,
  };
}

describe("The merged report of all parts", () => {
  it("adds up every count, and has the ratio of the sums", () => {
    const merged = mergeReports([
      part(0, { eventsSent: 10, eventsDelivered: 10 }),
      part(1, { eventsSent: 20, eventsDelivered: 10, eventsDuplicated: 2, recordsOfOtherParts: 4 }),
      part(2, { eventsSent: 10, eventsDelivered: 10, eventsDuplicated: 1 }),
    ]);
    expect(merged).to.include({
      eventsSent: 40,
      eventsDelivered: 30,
      deliveryRate: 0.75,
      eventsDuplicated: 3,
    });
    expect(merged).to.include({ recordsForeign: 21, recordsOfOtherParts: 4, part: null, resumable: false });
  });

  it("adds up every field that is a count", () => {
    const isCount = ([name, value]: [string, unknown]) =>
      typeof value === "number" && /^(events|records|files|duplicates)/.test(name);
    const names = Object.entries(VERIFIED)
      .filter(isCount)
      .map(([name]) => name) as (keyof DeliveryReport)[];
    const merged = mergeReports(all(Object.fromEntries(names.map((name) => [name, 5]))));
    for (const name of names) expect(merged[name], name).to.equal(15);
  });

  it("has the latencies of all events, as one run would have recorded them", () => {
    const values = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.tuple(values, values, values), (parts) => {
        const merged = mergeReports(
          parts.map((ms, index) => part(index, { ...latencies(ms), ...recorded(ms) })),
        );
        expect(merged).to.deep.include(latencies(parts.flat()));
        expect(merged).to.deep.include(recorded(parts.flat()));
      }),
      { numRuns: 20 },
    );
    expect(mergeReports(all({ latencyHistogram: null, latencyInSeconds: null }))).to.include({
      latencyHistogram: null,
      latencyInSeconds: null,
    });
  });

  it("lasts from the first start to the last end, with each part's times in their place", () => {
    const timeline = (bucketSeconds: number, sent: number[]) => ({
      bucketSeconds,
      buckets: sent.map((each) => ({ sent: each, acknowledged: 0, read: 0 })),
    });
    const merged = mergeReports([
      part(0, {
        startedAt: "2026-01-05T00:00:02.000Z",
        durationInSeconds: 4,
        timeline: timeline(1, [1, 2, 3]),
      }),
      part(1, { startedAt: "2026-01-05T00:00:00.000Z", durationInSeconds: 3, timeline: timeline(1, [4]) }),
      part(2, { startedAt: "2026-01-05T00:00:01.000Z", durationInSeconds: 1, timeline: timeline(2, [5, 6]) }),
    ]);
    expect(merged).to.include({
      startedAt: "2026-01-05T00:00:00.000Z",
      durationInSeconds: 6,
      resumedFrom: null,
    });
    expect(merged.timeline).to.deep.equal(timeline(2, [9, 9, 3]));
  });

  it("began when the first process of any part did, if one was resumed", () => {
    const resumed = part(1, { resumedFrom: "2026-01-04T23:00:00.000Z" });
    expect(mergeReports([part(0), resumed, part(2)]).resumedFrom).to.equal("2026-01-04T23:00:00.000Z");
  });

  it("lists each shard once, with the records of all parts", () => {
    const shard = (number: number, recordsRead: number) => ({
      shardId: `shardId-00000000000${number}`,
      eventsAcknowledged: 1,
      recordsRead,
    });
    const { shards } = mergeReports([
      part(0, { shards: [shard(1, 3), shard(0, 1)] }),
      part(1, { shards: [shard(1, 4)] }),
      part(2, { shards: [] }),
    ]);
    expect(shards).to.deep.equal([shard(0, 1), { ...shard(1, 7), eventsAcknowledged: 2 }]);
  });

  it("has each finding once, with the parts that have it", () => {
    const other = { ...WARNING, message: "Broken too" };
    const { findings } = mergeReports([
      part(0, { findings: [WARNING, other] }),
      part(1, { findings: [WARNING] }),
      part(2),
    ]);
    expect(findings.map(({ message }) => message)).to.deep.equal([
      "Broken (2 of 3 parts: 1, 2)",
      "Broken too (part 1/3)",
    ]);
  });

  const verdicts = [
    [["verified", "verified", "verified"], "verified"],
    [["verified", "undecided", "verified"], "undecided"],
    [["undecided", "verified", "failed"], "failed"],
  ] as const;
  for (const [each, verdict] of verdicts) {
    it(`is ${verdict} if the parts are ${each.join(", ")}`, () => {
      expect(mergeReports(each.map((one, index) => part(index, { verdict: one }))).verdict).to.equal(verdict);
    });
  }

  it("proves what every part proves, and only if it is verified", () => {
    const proof = (proves: string[], notProven: string[]) => ({ proof: { proves, notProven } });
    const parts = [
      part(0, proof(["a", "b"], ["x"])),
      part(1, proof(["b"], ["x", "y"])),
      part(2, proof(["b"], [])),
    ];
    expect(mergeReports(parts).proof).to.deep.equal({ proves: ["b"], notProven: ["x", "y"] });
    expect(mergeReports(parts.slice(1)).proof.proves).to.deep.equal([]);
  });

  it("is undecided without the report of a part, which it names, with the command that resumes it", () => {
    const merged = mergeReports([part(2), part(0)]);
    expect(merged.verdict).to.equal("undecided");
    expect(codes(merged)).to.deep.equal(["part-missing"]);
    expect(merged.findings[0]?.message).to.match(/^No report covers part 2\/3$/);
    expect(merged.findings[0]?.remedy).to.include("verify --resume AAAAAAAAAAAA --part I/3`");
    expect(mergeReports([part(1)]).findings[0]?.message).to.match(/^No report covers parts 1\/3, 3\/3$/);
  });

  it("is undecided with two reports of a part, and counts the one that was started last", () => {
    const resumed = part(1, { startedAt: "2026-01-05T00:10:00.000Z", eventsSent: 7 });
    for (const reports of [
      [...all(), { ...resumed, name: "again.json" }],
      [{ ...resumed, name: "again.json" }, ...all()],
    ]) {
      const merged = mergeReports(reports);
      expect(merged).to.include({ verdict: "undecided", eventsSent: 2_007 });
      expect(codes(merged)).to.deep.equal(["part-duplicated"]);
      expect(merged.findings[0]?.message).to.equal(
        "Part 2/3 is also in again.json, which started later. This report is left out",
      );
    }
  });

  it("names a report that is given twice, and counts it once", () => {
    const merged = mergeReports([...all(), part(1)]);
    expect(merged).to.include({ verdict: "undecided", eventsSent: 3_000 });
    expect(merged.findings[0]?.message).to.equal(
      "Part 2/3 is also in part-1.json, which started at the same time. This report is left out",
    );
  });

  const strangers: [what: string, report: NamedReport, difference: RegExp][] = [
    ["run", part(1, { runId: "BBBBBBBBBBBB" }), /run BBBBBBBBBBBB of/],
    ["stream", part(1, { streamName: "others" }), /of others \(/],
    ["route", part(1, { route: "operator" }), /route operator\)/],
    ["number of parts", part(1, {}, 4), /, 4 parts, but/],
  ];
  for (const [what, report, difference] of strangers) {
    it(`is undecided with the report of another ${what}, which it doesn't count`, () => {
      const merged = mergeReports([report, ...all()]);
      expect(merged).to.include({ verdict: "undecided", eventsSent: 3_000, runId: "AAAAAAAAAAAA" });
      expect(codes(merged)).to.deep.equal(["part-of-another-run"]);
      expect(merged.findings[0]?.message)
        .to.match(/^The report is of run /)
        .and.match(difference);
      expect(merged.findings[0]?.where).to.equal("part-1.json");
    });
  }

  it("has failed if a part has, although another one is missing", () => {
    expect(mergeReports([part(0, { verdict: "failed" }), part(1)]).verdict).to.equal("failed");
  });

  it("can't be made of reports of whole runs, of impossible parts, or of none", () => {
    expect(() => mergeReports([{ name: "run.json", report: VERIFIED }])).to.throw(
      ReportError,
      /^run.json is not the report of a part/,
    );
    expect(() => mergeReports([part(3)])).to.throw(ReportError, /^part-3.json is not the report of a part/);
    expect(() => mergeReports([])).to.throw(ReportError, "There is no report to merge");
  });

  it("names the file whose histogram can't be decoded", () => {
    const broken = part(1, { latencyHistogram: "AAAA" });
    expect(() => mergeReports([part(0), broken, part(2)])).to.throw(
      ReportError,
      /^part-1.json: .*can't be decoded/,
    );
  });

  it("is a report that every renderer takes", async () => {
    const merged = mergeReports([part(0), part(2, { findings: [WARNING] })]);
    const json = await renderReport(merged, "json");
    expect(parseReport(json, "merged.json")).to.deep.equal(merged);
    for (const format of ["html", "junit", "markdown", "text"] as const)
      expect(await renderReport(merged, format), format).to.include("part-missing");
  });
});
