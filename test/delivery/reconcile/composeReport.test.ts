import { expect } from "chai";
import { type EndedReconciliation, reconcileFindings } from "../../../delivery/reconcile/composeReport";
import type { EventOutcomes, HourReport, ReconcileReport } from "../../../delivery/reconcile/report";

const OUTCOMES: EventOutcomes = {
  eventsExported: 1_000,
  eventsDelivered: 1_000,
  eventsMissing: 0,
  eventsDuplicated: 0,
  eventsDifferent: 0,
  eventsLate: 0,
  eventsLateOverAnHour: 0,
  eventsNotForwarded: 0,
};

function ended(
  counts: Partial<ReconcileReport> = {},
  more: Partial<EndedReconciliation> = {},
): EndedReconciliation {
  const hour: HourReport = {
    hour: "2026-11-27T10",
    ...OUTCOMES,
    eventsMissing: counts.eventsMissing ?? 0,
    verdict: (counts.eventsMissing ?? 0) > 0 ? "incomplete" : "complete",
  };
  return {
    counts: {
      reportVersion: 1,
      roleArn: "arn:aws:iam::111122223333:role/acme",
      region: "us-east-1",
      streamName: "acme",
      from: hour.hour,
      to: hour.hour,
      part: null,
      runId: null,
      startedAt: "2026-11-28T07:17:00.000Z",
      durationInSeconds: 1,
      ...OUTCOMES,
      eventsWithoutIdentity: 0,
      rowsIgnored: { repeated: 0, otherHours: 0, withoutTime: 0 },
      eventsOfOtherProjects: 0,
      eventsOfOtherHours: 0,
      eventsUnexplained: 0,
      rowsOfTests: 0,
      recordsForeign: 0,
      eventsSkipped: 0,
      filesSkipped: 0,
      latencyInSeconds: null,
      hours: [hour],
      eventTypes: [{ eventType: "A", ...OUTCOMES, eventsMissing: counts.eventsMissing ?? 0 }],
      differences: [],
      backfill: null,
      amplitudeMetrics: null,
      version: "0.1.0",
      ...counts,
    },
    where: "arn:aws:kinesis:us-east-1:111122223333:stream/acme",
    hoursNotExported: [],
    typesNotExported: [],
    readingComplete: true,
    skipped: { problems: [], problemCount: 0 },
    ...more,
  };
}

const codes = (...args: Parameters<typeof ended>) =>
  reconcileFindings(ended(...args)).map(({ severity, code }) => `${severity} ${code}`);
const metrics = (eventsDelivered: number, eventsNotDelivered: number) => ({
  amplitudeMetrics: {
    eventsDelivered,
    eventsNotDelivered,
    eventsExpired: eventsNotDelivered,
    eventsDiscarded: 0,
  },
});

describe("The findings of a reconciliation", () => {
  const cases: [what: string, args: Parameters<typeof ended>, found: string[]][] = [
    ["nothing about a complete one", [], []],
    ["an error about missing events", [{ eventsMissing: 2 }], ["error events-missing"]],
    [
      "no error about missing events if the stream was not read to its end",
      [{ eventsMissing: 2 }, { readingComplete: false }],
      ["undetermined events-missing"],
    ],
    [
      "that nothing arrived",
      [{ eventsDelivered: 0, eventsNotForwarded: 1_000 }],
      ["undetermined nothing-arrived"],
    ],
    ["types that may be filtered out", [{ eventsNotForwarded: 5 }], ["warning types-not-forwarded"]],
    [
      "hours without an export",
      [{}, { hoursNotExported: ["2026-11-27T11"] }],
      ["undetermined hours-not-exported"],
    ],
    ["events that can't be matched", [{ eventsWithoutIdentity: 1 }], ["undetermined events-not-matchable"]],
    [
      "rows without a time",
      [{ rowsIgnored: { repeated: 0, otherHours: 0, withoutTime: 1 } }],
      ["undetermined source-problems"],
    ],
    [
      "parts of the export that can't be read",
      [{}, { skipped: { problems: [{ file: "export.zip/1", reason: "is torn" }], problemCount: 1 } }],
      ["undetermined source-problems"],
    ],
    [
      "what is worth knowing",
      [
        {
          eventsDifferent: 1,
          eventsDuplicated: 1,
          eventsLate: 1,
          eventsOfOtherProjects: 1,
          eventsUnexplained: 1,
          recordsForeign: 1,
        },
      ],
      [
        "warning events-different",
        "warning events-duplicated",
        "warning events-late",
        "warning unexpected-app",
        "warning rows-unexplained",
        "warning foreign-records",
      ],
    ],
    ["types that the export lacks", [{}, { typesNotExported: ["Nope"] }], ["warning types-not-exported"]],
    ["nothing about metrics that agree within a percent", [metrics(995, 5)], []],
    ["metrics that count fewer deliveries", [metrics(980, 0)], ["warning metrics-disagree"]],
    ["metrics that count losses that were not found", [metrics(1_000, 20)], ["warning metrics-disagree"]],
  ];
  for (const [what, args, found] of cases) {
    it(`say ${what}`, () => {
      expect(codes(...args)).to.deep.equal(found);
    });
  }

  it("end a sentence without fields if the export was not looked at again", () => {
    const [first] = reconcileFindings(ended({ eventsDifferent: 2 }));
    expect(first?.message).to.equal("2 delivered events differ from the export");
  });

  it("name the hours and the types with missing events", () => {
    const [first] = reconcileFindings(ended({ eventsMissing: 2 }));
    expect(first?.message).to.equal(
      "2 events of 1000 that Amplitude received are not in the stream: of 2026-11-27T10; of type A (2)",
    );
  });
});
