import { expect } from "chai";
import type { DeliveryReport } from "../../../delivery";
import { NO_FAULTS } from "../faults/plan";
import { type Ran, run } from "../oneRun";
import { differences } from "./differences";
import { expectationOf } from "./expectation";

const SILENT = "shardId-000000000001";

function scenario(plan: Partial<Ran["scenario"]["plan"]>): Ran["scenario"] {
  return {
    seed: "oracle",
    events: 40,
    shards: 3,
    concurrency: 2,
    pollMs: 1_000,
    timeoutSeconds: 40,
    rate: undefined,
    plan: { ...NO_FAULTS, seed: "oracle", ...plan },
  };
}

/** Returns the report with other values. */
function altered(report: DeliveryReport, change: Partial<DeliveryReport>): DeliveryReport {
  return { ...report, ...change };
}

describe("The campaign's oracle", () => {
  let ran: Ran;
  let undecided: Ran;
  before(async () => {
    ran = await run(
      scenario({
        always: { 3: "lost", 5: "changed", 8: "throttled", 11: "twice", 14: "throttled-but-written" },
        foreignWrites: [{ afterRecords: 2, records: 4 }],
      }),
    );
    const silence = { shardId: SILENT, fromCall: 2, calls: 1_000, fault: "silence" as const };
    undecided = await run(scenario({ readOutages: [silence] }));
  });

  it("agrees with a true report", () => {
    expect(differences(ran.report, expectationOf(ran))).to.deep.equal([]);
    expect(differences(undecided.report, expectationOf(undecided))).to.deep.equal([]);
  });

  it("expects what the plan of a run leads to, computed by hand", () => {
    const { verdict, numbers, findings } = expectationOf(ran);
    expect(verdict).to.equal("failed");
    expect(numbers).to.include({ eventsSent: 40, eventsAcknowledged: 38, eventsDelivered: 37 });
    expect(numbers).to.include({
      eventsLost: 1,
      eventsRefused: 1,
      eventsCorrupted: 1,
      eventsNotDelivered: 2,
    });
    // One extra copy of the event that was written twice, and eleven of the event that was refused twelve times.
    expect(numbers).to.include({
      eventsDuplicated: 12,
      duplicatesUnexplained: 12,
      eventsSeenDespiteRefusal: 1,
    });
    expect(numbers).to.include({ recordsForeign: 4, eventsUnknown: 0, eventsUnanswered: 0 });
    expect(findings).to.deep.equal([
      "duplicates-unexplained",
      "events-corrupted",
      "events-lost",
      "events-refused",
      "refused-but-delivered",
    ]);
  });

  it("expects an undecided run that names the shard that was not read to its end", () => {
    const { verdict, named, numbers } = expectationOf(undecided);
    expect({ verdict, named }).to.deep.equal({ verdict: "undecided", named: [SILENT] });
    expect(numbers.eventsUnknown).to.be.within(1, 39);
    expect(numbers.eventsLost).to.equal(0);
  });

  const fields = [
    "eventsSent",
    "eventsAcknowledged",
    "eventsDelivered",
    "eventsNotDelivered",
    "eventsRefused",
    "eventsLost",
    "eventsUnanswered",
    "eventsCorrupted",
    "eventsDuplicated",
    "duplicatesUnexplained",
    "eventsSeenDespiteRefusal",
    "eventsUnknown",
    "deliveryRate",
    "recordsForeign",
    "recordsOfOtherParts",
    "eventsSkipped",
    "filesSkipped",
  ] as const;
  for (const field of fields) {
    for (const by of [1, -1]) {
      it(`catches a verifier whose ${field} is ${by > 0 ? "one more" : "one less"}`, () => {
        const wrong = altered(ran.report, { [field]: ran.report[field] + by });
        expect(differences(wrong, expectationOf(ran))).to.deep.equal([
          `${field}: the report says ${ran.report[field] + by}, and it is ${ran.report[field]}`,
        ]);
      });
    }
  }

  it("compares every number of a report", () => {
    const numbers = Object.entries(ran.report).flatMap(([name, value]) =>
      typeof value === "number" ? [name] : [],
    );
    const unjudged = ["reportVersion", "durationInSeconds"];
    expect(numbers.filter((name) => !unjudged.includes(name)).sort()).to.deep.equal([...fields].sort());
  });

  const words: [string, (report: DeliveryReport) => Partial<DeliveryReport>, RegExp][] = [
    ["calls a loss verified", () => ({ verdict: "verified" }), /^verdict: the report says verified/],
    ["omits a finding", ({ findings }) => ({ findings: findings.slice(1) }), /^findings: /],
    ["repeats a finding", ({ findings }) => ({ findings: [...findings, ...findings] }), /^findings: /],
    ["measures no latency", () => ({ latencyHistogram: null }), /^latencies measured: the report says 0/],
    ["omits the timeline", ({ timeline }) => ({ timeline: { ...timeline, buckets: [] } }), /^timeline: sent/],
    ["omits a shard", ({ shards }) => ({ shards: shards.slice(1) }), /^shardId-0+: the report says 0/],
    [
      "counts a record too many in a shard",
      ({ shards }) => ({
        shards: shards.map((shard) => ({ ...shard, recordsRead: shard.recordsRead + 1 })),
      }),
      /^shardId-0+: .* read, and it is/,
    ],
  ];
  for (const [what, change, difference] of words) {
    it(`catches a verifier that ${what}`, () => {
      const [first = ""] = differences(altered(ran.report, change(ran.report)), expectationOf(ran));
      expect(first).to.match(difference);
    });
  }

  it("catches a verifier that does not name the silent shard", () => {
    const findings = undecided.report.findings.map((finding) => ({ ...finding, message: "a shard" }));
    expect(differences(altered(undecided.report, { findings }), expectationOf(undecided))).to.deep.equal([
      `${SILENT} could not be read to its end, and no finding names it`,
    ]);
  });

  it("catches a verifier that calls unread events lost", () => {
    const { eventsUnknown } = undecided.report;
    const wrong = { verdict: "failed" as const, eventsLost: eventsUnknown, eventsUnknown: 0 };
    expect(differences(altered(undecided.report, wrong), expectationOf(undecided))).to.have.lengthOf(3);
  });
});
