import { expect } from "chai";
import { newRunKey } from "../../../../delivery/common/runId";
import {
  type AmplitudeEnd,
  absenceFindings,
  isProvenSilent,
} from "../../../../delivery/verify/amplitude/findings";
import { ingestEvent } from "../../../../delivery/verify/amplitude/ingestEvent";
import { AmplitudeLedger } from "../../../../delivery/verify/amplitude/ledger";

/** A run of which the first `arrived` of `accepted` events are in the stream. */
function ended(accepted: number, arrived: number, end: Partial<AmplitudeEnd> = {}): AmplitudeEnd {
  const ledger = new AmplitudeLedger();
  const made = { events: accepted, eventTypes: ["A"], key: newRunKey(), startedAt: 0 };
  for (let number = 0; number < accepted; number++) {
    const event = ingestEvent(made, number, 0);
    const index = ledger.add(event);
    ledger.onRequest([index], 0);
    ledger.onResponse(index, { kind: "accepted" });
    if (number < arrived) ledger.onRow(index, { uuid: number }, 5, 1);
  }
  return {
    outputs: { roleArn: "arn:aws:iam::111122223333:role/r", region: "eu-central-1", streamName: "s" },
    zone: "US",
    endpoint: "https://api2.amplitude.com/2/httpapi",
    ledger,
    counts: ledger.counts(),
    latency: undefined,
    expectApp: undefined,
    unexpectedApps: new Map(),
    recordsNotUnderstood: 0,
    recordsForeignOfAmplitude: 0,
    identifies: { sent: 0, seen: 0 },
    waitedSeconds: 300,
    readingComplete: true,
    interrupted: false,
    ...end,
  };
}

describe("what it means that accepted events are not in the stream", () => {
  const cases: [what: string, end: AmplitudeEnd, finds: string[], isSilent: boolean][] = [
    ["nothing of nothing", ended(0, 0), [], false],
    ["all of them came", ended(3, 3), [], false],
    ["none came in five minutes", ended(3, 0), ["error nothing-arrived"], true],
    ["none came in the documented time", ended(3, 0, { waitedSeconds: 60 }), ["error nothing-arrived"], true],
    [
      "none came in less than that",
      ended(3, 0, { waitedSeconds: 59 }),
      ["undetermined nothing-arrived"],
      false,
    ],
    ["some came, and Amplitude still tries", ended(3, 1), ["undetermined events-not-arrived"], false],
    [
      "the stream was not read to the end",
      ended(3, 0, { readingComplete: false }),
      ["undetermined events-unread"],
      false,
    ],
    ["the run was interrupted", ended(3, 0, { interrupted: true }), [], false],
  ];
  for (const [what, end, finds, isSilent] of cases) {
    it(`if ${what}: ${finds.join() || "nothing"}`, () => {
      const findings = absenceFindings(end, "arn:aws:kinesis:eu-central-1:111122223333:stream/s");
      expect(findings.map(({ severity, code }) => `${severity} ${code}`)).to.deep.equal(finds);
      expect(isProvenSilent(end)).to.equal(isSilent);
    });
  }

  it("asks for Amplitude's account in the EU, which is undocumented, there alone", () => {
    const remedyIn = (zone: "US" | "EU") => absenceFindings(ended(1, 0, { zone }), "arn")[0]?.remedy;
    expect(remedyIn("EU")).to.include("amplitudeAccountId");
    expect(remedyIn("US")).not.to.include("amplitudeAccountId");
  });
});
