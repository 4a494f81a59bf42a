import { expect } from "chai";
import fc from "fast-check";
import { checkText } from "../../../delivery/check/report";
import { watchFrame } from "../../../delivery/cli/terminal/watchDisplay";
import { jsonText, printable, printableLines } from "../../../delivery/common/text";
import { type ReportFormat, renderReport } from "../../../delivery/report/renderReport";
import { sendText } from "../../../delivery/send/report";
import { watchLine, watchText } from "../../../delivery/watch/snapshot";
import { FAILED } from "../report/reports";
import { observing, type Row, record, rows } from "../watch/rows";

/** Characters that must not reach a terminal or a file of a report, except the line feeds between its lines. */
const UNSAFE =
  /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/u;
const LONE_SURROGATE = /\p{Cs}/u;

const { findings } = FAILED;
const CHECKED: Parameters<typeof checkText>[0] = {
  reportVersion: 1,
  verdict: "failed",
  roleArn: FAILED.roleArn,
  region: FAILED.region,
  streamName: FAILED.streamName,
  checkedAs: "arn:aws:iam::111122223333:user/operator",
  checkedAt: FAILED.startedAt,
  stream: {
    streamArn: "arn",
    status: "ACTIVE",
    mode: "ON_DEMAND",
    openShards: 4,
    retentionHours: 168,
    encryption: "KMS",
    keyId: "alias/aws/kinesis",
    maxRecordSizeKib: 1024,
  },
  role: {
    roleArn: FAILED.roleArn,
    maxSessionSeconds: 3600,
    permissionsBoundaryArn: "boundary",
    policies: ["write"],
  },
  alarms: ["silence"],
  guard: { pipeArn: "pipe", state: "RUNNING", projectIds: [100] },
  findings,
  notProven: ["that Amplitude sends"],
};
const SENT: Parameters<typeof sendText>[0] = {
  ...FAILED,
  outcome: "failed",
  route: "role",
  eventsRefused: 0,
};

async function watched(change: Row): Promise<Parameters<typeof watchText>[0]> {
  const seen = observing((await rows(5)).map((row) => record({ ...row, ...change })));
  const { region, streamName, startedAt } = FAILED;
  const run = { snapshotVersion: 1 as const, region, streamName, startedAt, at: startedAt, shards: 1 };
  return {
    ...run,
    elapsedInSeconds: 65,
    includesTests: false,
    caughtUp: true,
    ...seen,
    findings,
    verdict: "failed",
  };
}

/** Returns a copy with a text at the end of each string, also of names. */
function planted<Value>(value: Value, text: string): Value;
function planted(value: unknown, text: string): unknown {
  if (typeof value === "string")
    return /^[\w.:-]+Z$|^(HISTF|error|warning|undetermined|failed|role$)/.test(value) ? value : value + text;
  if (Array.isArray(value)) return value.map((item) => planted(item, text));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, planted(item, text)]));
}

function expectPrintable(shown: string): void {
  const found = shown.replaceAll("\n", "").match(UNSAFE) ?? shown.match(LONE_SURROGATE);
  expect(found && JSON.stringify(shown.slice(Math.max(0, (found.index ?? 0) - 40)).slice(0, 80))).to.equal(
    null,
  );
}

/** It wraps long texts. */
const LIVE_VIEW = "the live view of watch";

describe("Text from elsewhere", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.constantFrom(
      "\x1b[2J\x1b]0;owned\x07",
      "\u009b31m",
      "\nVERIFIED: all",
      "\r\u2028\u2029\u0085\v\f",
      "\u202e\ud800\uffff",
    ),
  );
  let snapshot: Parameters<typeof watchText>[0];
  before(async () => {
    snapshot = await watched({ event_type: "Order placed", paying: "yes", app: "100" });
  });

  const renderers: [name: string, render: (text: string) => string | Promise<string>][] = [
    ...(["text", "markdown", "junit", "html", "json"] satisfies ReportFormat[]).map(
      (format) =>
        [
          `the report of verify as ${format}`,
          (text: string) => renderReport(planted(FAILED, text), format),
        ] satisfies [string, unknown],
    ),
    ["the report of check", (text) => checkText(planted(CHECKED, text))],
    ["the report of send", (text) => sendText(planted(SENT, text))],
    ["the report of watch", (text) => watchText(planted(snapshot, text))],
    ["a line of watch", (text) => watchLine(planted(snapshot, text))],
    [
      LIVE_VIEW,
      (text) =>
        watchFrame(planted(snapshot, text), { columns: 200, rows: 50 })
          .map((line) => line.text)
          .join("\n"),
    ],
    ["JSON", (text) => jsonText(planted(FAILED, text))],
  ];
  for (const [name, render] of renderers) {
    it(`can't move the cursor, hide or reverse text, or add a line in ${name}`, async () => {
      const lines = (await render("x")).split("\n").length;
      await fc.assert(
        fc.asyncProperty(text, async (text) => {
          const shown = await render(text);
          expectPrintable(shown);
          if (name !== LIVE_VIEW) expect(shown.split("\n").length).to.equal(lines);
        }),
        { numRuns: 30 },
      );
    });
  }

  it("stays the same value in JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = jsonText({ value });
        expectPrintable(text);
        expect(JSON.parse(text)).to.deep.equal(JSON.parse(JSON.stringify({ value })));
      }),
    );
  });

  it("keeps every ordinary character, and both joiners of emoji and words", () => {
    for (const kept of ["Grüße, 検索 «¶» 100 %", "👩‍👩‍👧‍👦 \u0646\u0645\u06cc\u200c", "a\u00a0b"])
      expect(printable(kept)).to.equal(kept);
    expect(printable("a\r\n\tb\u001b[31mc")).to.equal("a b\ufffd[31mc");
  });

  it("can't begin a line of a message, whose later lines are indented", () => {
    expect(printableLines("first\nVERIFIED: all\r\u2028x\x1b[2J\n")).to.equal(
      "first\n  VERIFIED: all x\ufffd[2J",
    );
  });
});
