import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { validateXML } from "xmllint-wasm";
import { finding } from "../../../delivery/common/findings";
import type { HourReport, ReconcileReport } from "../../../delivery/reconcile/report";
import { reconciliationHtml } from "../../../delivery/report/html/reconciliationPage";
import {
  reconciliationJunit,
  reconciliationMarkdown,
  reconciliationText,
} from "../../../delivery/report/reconciliation";
import { renderReport } from "../../../delivery/report/renderReport";
import { ACCOUNT } from "./reports";

const OUTCOMES = {
  eventsExported: 100,
  eventsDelivered: 90,
  eventsMissing: 7,
  eventsDuplicated: 2,
  eventsDifferent: 1,
  eventsLate: 4,
  eventsLateOverAnHour: 3,
  eventsNotForwarded: 3,
};
const HOUR: HourReport = { hour: "2026-11-27T10", verdict: "incomplete", ...OUTCOMES };
const HOSTILE = "a|b <script>`x` @someone \u001b[31m & \ud800";

const REPORT: ReconcileReport = {
  reportVersion: 1,
  verdict: "incomplete",
  roleArn: `arn:aws:iam::${ACCOUNT}:role/acme`,
  region: "eu-central-1",
  streamName: "acme",
  from: "2026-11-27T10",
  to: "2026-11-27T10",
  part: null,
  runId: null,
  startedAt: "2026-11-28T07:17:00.000Z",
  durationInSeconds: 12.3,
  ...OUTCOMES,
  eventsWithoutIdentity: 0,
  rowsIgnored: { repeated: 1, otherHours: 2, withoutTime: 0 },
  eventsOfOtherProjects: 5,
  eventsOfOtherHours: 6,
  eventsUnexplained: 8,
  rowsOfTests: 9,
  recordsForeign: 10,
  eventsSkipped: 0,
  filesSkipped: 0,
  latencyInSeconds: { p50: 1, p95: 2, p99: 3, max: 4_000 },
  hours: [HOUR],
  eventTypes: [{ eventType: HOSTILE, ...OUTCOMES }],
  differences: [{ field: "city", count: 1, sample: ['"Aaaa"', "absent"] }],
  backfill: { eventsWritten: 1, eventsNotWritten: 2 },
  amplitudeMetrics: { eventsDelivered: 90, eventsNotDelivered: 7, eventsExpired: 6, eventsDiscarded: 1 },
  findings: [
    finding.error("events-missing", `arn:aws:kinesis:eu-central-1:${ACCOUNT}:stream/acme`, HOSTILE, "Look"),
  ],
  version: "0.1.0",
};
const COMPLETE: ReconcileReport = {
  ...REPORT,
  verdict: "complete",
  eventsMissing: 0,
  eventsNotForwarded: 0,
  eventsDelivered: 100,
  latencyInSeconds: null,
  hours: [],
  eventTypes: [],
  differences: [],
  backfill: null,
  amplitudeMetrics: null,
  findings: [],
};

describe("The report of a reconciliation", () => {
  it("names the verdict, the numbers, the hours and the findings as text", () => {
    const text = reconciliationText(REPORT);
    expect(text).to.match(
      /^INCOMPLETE: 7 of 100 exported events missing; 3 events of types that may be filtered out\n/,
    );
    expect(text)
      .to.match(/^ {2}missing {9}7$/m)
      .and.to.match(/^ {2}late {12}4 \(over an hour 3\)$/m);
    expect(text).to.match(/^ {2}2026-11-27T10 incomplete +100 +90 +7 +2 +1 +4 +3$/m);
    expect(text).to.include("✗ events-missing").and.not.to.include("\u001b");
    expect(reconciliationText(COMPLETE)).to.match(/^COMPLETE: 100 of 100 exported events delivered\n/);
  });

  it("shows the hours and types with missing events first if there are many", () => {
    const hours = Array.from({ length: 48 }, (_, hour) => ({
      ...HOUR,
      hour: `h${hour}`,
      eventsMissing: hour === 47 ? 1 : 0,
    }));
    const text = reconciliationText({ ...REPORT, hours });
    expect(text).to.include("h47 incomplete").and.to.include("and 28 more");
  });

  it("shows no account, and escapes names, as Markdown and as a page", () => {
    for (const rendered of [reconciliationMarkdown(REPORT), reconciliationHtml(REPORT)]) {
      expect(rendered).to.include("2026-11-27T10").and.not.to.include(ACCOUNT);
    }
    expect(reconciliationHtml(REPORT)).not.to.include("<script>`x`");
    expect(reconciliationMarkdown(COMPLETE)).to.match(/^## ✅ Amplitude reconciliation: complete\n/);
    expect(reconciliationHtml(COMPLETE)).to.include("✓ Complete").and.not.to.include("Different fields");
  });

  it("follows the JUnit schema, with a test case for each hour", async () => {
    const schema = readFileSync(join(__dirname, "junitSchema.xsd"), "utf8");
    for (const report of [REPORT, COMPLETE, { ...REPORT, verdict: "undecided" as const }]) {
      const contents = reconciliationJunit(report);
      const { errors } = await validateXML({ xml: { fileName: "report.xml", contents }, schema });
      expect(errors).to.deep.equal([]);
      expect(contents).not.to.include(ACCOUNT);
    }
    expect(reconciliationJunit(REPORT))
      .to.include('name="hour 2026-11-27T10"')
      .and.to.include("7 events missing");
  });

  it("has a JUnit error for an undecided hour, also without a missing event", () => {
    const hour: HourReport = { ...HOUR, verdict: "undecided", eventsMissing: 0 };
    expect(reconciliationJunit({ ...COMPLETE, verdict: "undecided", hours: [hour] })).to.match(
      /<testcase name="hour 2026-11-27T10"[^>]*>\s*<error type="undecided" message="undecided: 0 events missing">/,
    );
  });

  it("is rendered by renderReport in every format", async () => {
    expect(JSON.parse(await renderReport(REPORT, "json"))).to.include({
      verdict: "incomplete",
      eventsMissing: 7,
    });
    expect(await renderReport(REPORT, "text")).to.equal(`${reconciliationText(REPORT)}\n`);
    expect(await renderReport(REPORT, "markdown")).to.equal(reconciliationMarkdown(REPORT));
    expect(await renderReport(REPORT, "junit")).to.equal(reconciliationJunit(REPORT));
    expect(await renderReport(REPORT, "html")).to.equal(reconciliationHtml(REPORT));
  });
});
