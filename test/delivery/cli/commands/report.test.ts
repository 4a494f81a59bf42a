import { expect } from "chai";
import { parseReport } from "../../../../delivery/cli/commands/report";
import { ReportError } from "../../../../delivery/common/errors";
import { EMPTY, FAILED, HUGE, UNDECIDED, VERIFIED } from "../../report/reports";

function problemOf(text: string): string {
  try {
    parseReport(text, "run.json");
  } catch (error) {
    expect(error).to.be.instanceOf(ReportError);
    return (error as Error).message;
  }
  throw new Error("The report was accepted.");
}

describe("Reading a report", () => {
  it("returns every kind of report unchanged", () => {
    for (const report of [VERIFIED, FAILED, UNDECIDED, EMPTY, HUGE]) {
      expect(parseReport(JSON.stringify(report), "it")).to.deep.equal(report);
    }
  });

  it("accepts additional fields and unknown finding codes of a later version", () => {
    const later = { ...FAILED, news: 1, findings: [{ ...FAILED.findings[0], code: "of-tomorrow" }] };
    expect(parseReport(JSON.stringify(later), "it")).to.deep.equal(later);
  });

  it("names a field that is missing", () => {
    for (const field of ["runId", "eventsSent", "timeline", "findings"] as const) {
      const { [field]: _, ...rest } = VERIFIED;
      expect(problemOf(JSON.stringify(rest))).to.include(`run.json is not a report: ${field} is missing`);
    }
  });

  const cases: [what: string, change: object, message: string][] = [
    ["a later version", { reportVersion: 2 }, "reportVersion is not 1, the only version"],
    ["an unknown verdict", { verdict: "fine" }, "verdict must be verified, failed or undecided"],
    ["text instead of a number", { eventsSent: "1" }, "eventsSent must be of type number"],
    ["an object instead of a list", { shards: {} }, "shards must be of type array"],
    ["null instead of an object", { timeline: null }, "timeline must be of type object"],
  ];
  for (const [what, change, message] of cases) {
    it(`rejects ${what}, and names the field`, () => {
      expect(problemOf(JSON.stringify({ ...VERIFIED, ...change }))).to.include(message);
    });
  }

  it("rejects text that isn't JSON, and JSON that isn't an object, and says what to pass", () => {
    expect(problemOf("VERIFIED: …")).to.include("it is not JSON").and.to.include("verify --json");
    for (const text of ["null", "[]", "1", '""'])
      expect(problemOf(text)).to.include("it must be a JSON object");
  });
});
