import { expect } from "chai";
import { newRunKey } from "../../../../delivery/common/runId";
import { Timeline } from "../../../../delivery/common/timeline";
import {
  type AmplitudeEnd,
  absenceFindings,
  isProvenSilent,
} from "../../../../delivery/verify/amplitude/composeReport";
import { ingestEvent } from "../../../../delivery/verify/amplitude/ingestEvent";
import { AmplitudeLedger, RowCollector } from "../../../../delivery/verify/amplitude/ledger";
import { settingsFrom } from "../../../../delivery/verify/amplitude/options";

/** A run of which the first `arrived` of `accepted` events are in the stream. */
function ended(
  accepted: number,
  arrived: number,
  end: Partial<AmplitudeEnd> = {},
  zone: "US" | "EU" = "US",
): AmplitudeEnd {
  const outputs = { roleArn: "arn:aws:iam::111122223333:role/r", region: "eu-central-1", streamName: "s" };
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
    settings: settingsFrom({ outputs, apiKey: "0123456789", zone }),
    deployment: { outputs, streamArn: "arn", signal: new AbortController().signal },
    collector: new RowCollector(ledger, made.key, new Timeline(0), undefined),
    ledger,
    counts: ledger.counts(),
    waitedSeconds: 300,
    readingComplete: true,
    ...end,
  };
}

function interrupted(end: AmplitudeEnd): AmplitudeEnd {
  return { ...end, deployment: { ...end.deployment, signal: AbortSignal.abort() } };
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
    ["the run was interrupted", interrupted(ended(3, 0)), [], false],
  ];
  for (const [what, end, finds, isSilent] of cases) {
    it(`if ${what}: ${finds.join() || "nothing"}`, () => {
      const findings = absenceFindings(end, "arn:aws:kinesis:eu-central-1:111122223333:stream/s");
      expect(findings.map(({ severity, code }) => `${severity} ${code}`)).to.deep.equal(finds);
      expect(isProvenSilent(end)).to.equal(isSilent);
    });
  }

  it("asks for Amplitude's account in the EU, which is undocumented, there alone", () => {
    const remedyIn = (zone: "US" | "EU") => absenceFindings(ended(1, 0, {}, zone), "arn")[0]?.remedy;
    expect(remedyIn("EU")).to.include("amplitudeAccountId");
    expect(remedyIn("US")).not.to.include("amplitudeAccountId");
  });
});
