import { expect } from "chai";
import { verdictOf } from "../../../delivery/common/findings";
import { StreamUnreadable } from "../../../delivery/kinesis/streamReader";
import { type EndedWatch, unreadableStream, watchFindings } from "../../../delivery/watch/findings";
import { serviceError } from "../aws/serviceErrors";
import { observing, type Row, record, recordOf, rows } from "./rows";

const LARGE = recordOf(Buffer.alloc(4 * 2 ** 20 + 1));

interface Arrived extends Partial<EndedWatch> {
  rows?: number;
  change?: Row;
  others?: number;
  large?: number;
}

async function ended(changes: Arrived = {}) {
  const { rows: count = 3, change = {}, others = 0, large = 0, expectApps = [], ...rest } = changes;
  const records = (await rows(count || 1)).slice(0, count).map((one) => record({ ...one, ...change }));
  const foreign = [...Array(others).fill(record("hello")), ...Array(large).fill(LARGE)];
  const all = [...records, ...foreign];
  const observed = observing(all, { expectApps: [...expectApps] });
  const findings = watchFindings({
    observed,
    end: "seconds",
    until: { seconds: 60 },
    expectApps,
    readingComplete: true,
    where: "arn",
    ...rest,
  });
  return { verdict: verdictOf(findings, "verified"), codes: findings.map(({ code }) => code), findings };
}

const OUTPUTS = { roleArn: "arn:aws:iam::111122223333:role/r", region: "us-east-1", streamName: "events" };

describe("the verdict of a watch", () => {
  const cases: [what: string, watch: Parameters<typeof ended>[0], verdict: string, codes: string[]][] = [
    ["events arrived by the end of the time", {}, "verified", []],
    ["as many arrived as were asked for", { end: "events", until: { events: 3 } }, "verified", []],
    ["events arrived by Ctrl-C, and no end was asked for", { end: "signal", until: {} }, "verified", []],
    ["Ctrl-C came before the end that was asked for", { end: "signal" }, "undecided", ["interrupted"]],
    [
      "fewer arrived in the time than were asked for",
      { until: { seconds: 60, events: 9 } },
      "undecided",
      ["too-few-events"],
    ],
    ["nothing arrived in the time", { rows: 0 }, "failed", ["nothing-arrived"]],
    [
      "nothing arrived, but the stream was not read to its end",
      { rows: 0, readingComplete: false },
      "undecided",
      ["nothing-arrived"],
    ],
    ["nothing arrived by Ctrl-C", { rows: 0, end: "signal", until: {} }, "undecided", ["nothing-arrived"]],
    ["rows of another project arrived", { end: "project", expectApps: ["7"] }, "failed", ["unexpected-app"]],
    [
      "Ctrl-C came after rows of another project arrived",
      { end: "signal", expectApps: ["7"] },
      "failed",
      ["unexpected-app"],
    ],
    [
      "rows have no project, and one is expected",
      { change: { app: null }, expectApps: ["7"] },
      "undecided",
      ["app-unknown", "shape-deviates"],
    ],
    [
      "a record is too large to be parsed, and a project is expected",
      { large: 1, expectApps: ["100011471"] },
      "undecided",
      ["app-unknown", "foreign-records"],
    ],
    [
      "the only record is too large to be parsed",
      { rows: 0, large: 1 },
      "undecided",
      ["nothing-arrived", "foreign-records"],
    ],
    ["rows have no project, and none is expected", { change: { app: null } }, "verified", ["shape-deviates"]],
    ["rows deviate", { change: { paying: "yes" } }, "verified", ["shape-deviates"]],
    ["others write to the stream", { others: 2 }, "verified", ["foreign-records"]],
    [
      "only others write to the stream",
      { rows: 0, others: 2 },
      "failed",
      ["nothing-arrived", "foreign-records"],
    ],
    [
      "rows came later than documented",
      { change: { server_upload_time: "2026-01-05 09:28:00" } },
      "verified",
      ["latency-above-documented"],
    ],
    ["the stream can't be read, and nothing was", { rows: 0, end: "unreadable" }, "verified", []],
  ];
  for (const [what, watch, verdict, codes] of cases) {
    it(`is ${verdict} if ${what}`, async () => {
      const found = await ended(watch);
      expect(found.codes).to.deep.equal(codes);
      expect(found.verdict).to.equal(verdict);
    });
  }

  for (const [what, framed, says] of [
    ["in lists", (all: Row[]) => JSON.stringify(all), "3 rows in lists"],
    ["one per line", (all: Row[]) => all.map((row) => JSON.stringify(row)).join("\n"), "3 rows one per line"],
  ] as const) {
    it(`warns that the guard can't see rows ${what}`, async () => {
      const observed = observing([recordOf(Buffer.from(framed(await rows(3))))]);
      const watch = {
        end: "seconds",
        until: {},
        expectApps: [],
        readingComplete: true,
        where: "arn",
      } as const;
      const [found, ...others] = watchFindings({ ...watch, observed });
      expect(others).to.deep.equal([]);
      expect(found).to.include({ code: "guard-blind", severity: "warning" });
      expect(found?.message).to.include(says);
    });
  }

  it("names the project, and what to do about it", async () => {
    const { findings } = await ended({ end: "project", expectApps: ["7"] });
    expect(findings[0]?.message).to.include("100011471 (3)").and.to.include("other than 7");
    expect(findings[0]?.remedy).to.include("--expect-app").and.to.include("aws:iam/role:Role");
  });

  it("is failed if the stream is gone, undecided if it can't be read", () => {
    const gone = new StreamUnreadable({ cause: serviceError("ResourceNotFoundException", 400) }, "shardId-0");
    const refused = new StreamUnreadable({ cause: serviceError("AccessDeniedException", 400) });
    expect(unreadableStream(gone, "arn", OUTPUTS)).to.include({
      code: "stream-not-found",
      severity: "error",
    });
    expect(unreadableStream(refused, "arn", OUTPUTS)).to.include({
      code: "stream-not-readable",
      severity: "undetermined",
    });
    expect(unreadableStream(refused, "arn", OUTPUTS).remedy).to.include("kinesis:GetRecords");
  });
});
