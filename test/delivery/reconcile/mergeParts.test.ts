import fs, { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { ReportError, SettingsError } from "../../../delivery/common/errors";
import { Matcher } from "../../../delivery/reconcile/matcher";
import { mergeReconciliations } from "../../../delivery/reconcile/mergeParts";
import { formatHour, HOUR_MS } from "../../../delivery/reconcile/options";
import { type PartFacts, PartLog } from "../../../delivery/reconcile/partFile";
import type { EventOutcomes, ReconcileReport } from "../../../delivery/reconcile/report";
import { Tally } from "../../../delivery/reconcile/tally";
import { temporaryFolder } from "../events/export/exports";
import { failureOf } from "../kinesis/streamReading";
import { type Arrived, batchOf, exported, FROM, RANGE, type Row, rowOf, WINDOW_END } from "./bothSides";

const START = RANGE.end + 10 * HOUR_MS;

/** The numbers of one process that reads the whole stream, and reads on only if events are missing. */
function oneProcess(export_: Row[], stream: Arrived[]): Partial<ReconcileReport> {
  const matcher = new Matcher(RANGE, WINDOW_END, {});
  const events = export_.map(exported);
  for (const event of events) matcher.addExported(event);
  const batch = batchOf(stream);
  matcher.take(batch);
  const { tally } = matcher;
  if (tally.delivered < tally.table.size && (tally.delivered === 0 || tally.missing > 0))
    matcher.take(batch, "after");
  lookAgain(matcher, events);
  const { total, hours, types } = tally.result();
  return {
    ...total,
    ...tally.unmatched(),
    hours: hours.map((outcomes, hour) => ({
      hour: formatHour(FROM + hour * HOUR_MS),
      verdict: verdictOf(outcomes, total, tally.unexplainedHours().has(hour)),
      ...outcomes,
    })),
    eventTypes: types.sort((one, other) => other.eventsExported - one.eventsExported),
    latencyInSeconds: tally.latency.summary() ?? null,
    differences: matcher.differences(20),
    rowsIgnored: matcher.rowsIgnored,
  };
}

function verdictOf(hour: EventOutcomes, total: EventOutcomes, isUnexplained: boolean) {
  if (isUnexplained && hour.eventsExported === 0) return "undecided";
  if (hour.eventsMissing > 0) return "incomplete";
  return total.eventsDelivered > 0 || hour.eventsNotForwarded === 0 ? "complete" : "undecided";
}

function lookAgain(matcher: Matcher, events: ReturnType<typeof exported>[]): void {
  matcher.hoursToMatchAgain();
  for (const event of events) matcher.matchAgain(event);
  matcher.endMatching();
  for (const event of events) matcher.lookAgain(event);
}

const NOT_DIVIDED = { index: 0, count: 1 };

describe("The merging of a reconciliation's parts", () => {
  const file = temporaryFolder();

  /** Writes the file of a part whose shards hold these rows. */
  async function partFile(
    name: string,
    export_: Row[],
    stream: Arrived[],
    facts: Partial<PartFacts> = {},
  ): Promise<string> {
    const log = await PartLog.open();
    const matcher = new Matcher(RANGE, WINDOW_END, {}, log);
    const events = export_.map(exported);
    for (const event of events) matcher.addExported(event);
    matcher.take(batchOf(stream));
    matcher.take(batchOf(stream), "after");
    lookAgain(matcher, events);
    const path = file(name);
    const { tally, eventsWithoutIdentity, rowsIgnored } = matcher;
    await log.write(
      path,
      {
        version: "1.0.0",
        part: NOT_DIVIDED,
        runId: "night-7",
        names: { roleArn: "arn:aws:iam::111122223333:role/acme", region: "us-east-1", streamName: "acme" },
        where: "arn:aws:kinesis:us-east-1:111122223333:stream/acme",
        hours: { from: "2026-11-27T10", to: "2026-11-27T11" },
        start: START,
        end: START + 60_000,
        exportHash: log.exportHash([]),
        typesNotExported: [],
        eventsWithoutIdentity,
        rowsIgnored,
        skipped: { problems: [], problemCount: 0, fileProblemCount: 0 },
        hoursExportable: 2,
        readWithin: true,
        readAfter: true,
        expired: null,
        findings: [],
        findingsAfter: [],
        metrics: null,
        ...facts,
      },
      tally,
    );
    await log.close();
    return path;
  }

  /** Writes the files of parts among which the rows of the stream are divided, in the order of the parts. */
  function partFiles(export_: Row[], divided: Arrived[][]): Promise<string[]> {
    const count = divided.length;
    return Promise.all(
      divided.map((stream, index) =>
        partFile(`part-${index + 1}`, export_, stream, { part: { index, count } }),
      ),
    );
  }

  const codesOf = ({ findings }: ReconcileReport) => findings.map(({ code }) => code);

  it("says what one process says that reads the same records, however they are divided", async () => {
    const event = fc.record({
      hour: fc.constantFrom(-1, 0, 1, 2),
      type: fc.constantFrom("A", "B", "C"),
      hasUuid: fc.boolean(),
    });
    const arrival = fc.record({
      index: fc.nat(),
      part: fc.nat(),
      city: fc.constantFrom("here", "here", "there", "elsewhere"),
      hasUuid: fc.boolean(),
      delayMs: fc.constantFrom(0, 59_000, 61_000, HOUR_MS + 1, 3 * HOUR_MS, 7 * HOUR_MS),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        fc.array(arrival, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (places, picks, arrivals, count) => {
          const all = places.map((place, id) => rowOf(id, place));
          const pick = (index: number) => all[index % all.length] ?? {};
          const streamed = arrivals.map(({ index, part, city, hasUuid, delayMs }) => {
            const { uuid, ...row }: Row = { ...pick(index), city };
            const kept = uuid !== undefined && hasUuid ? { uuid } : {};
            return { part: part % count, arrived: { row: { ...row, ...kept }, delayMs } };
          });
          const divided = Array.from({ length: count }, (_, index) =>
            streamed.filter(({ part }) => part === index).map(({ arrived }) => arrived),
          );
          const export_ = picks.map(pick);
          const merged = await mergeReconciliations((await partFiles(export_, divided)).reverse());
          expect(merged).to.deep.include(oneProcess(export_, divided.flat()));
        },
      ),
      { numRuns: 25 },
    );
  });

  const rows = [0, 1, 2, 3].map((id) => rowOf(id, { hour: id % 2 }));
  const arrived = rows.map((row) => ({ row, delayMs: 1_000 }));

  it("is complete once every event is in some part", async () => {
    const report = await mergeReconciliations(
      await partFiles(rows, [arrived.slice(0, 1), [], arrived.slice(1)]),
    );
    expect(report).to.include({ verdict: "complete", eventsDelivered: 4, part: null, runId: "night-7" });
    expect(report.hours.map(({ verdict }) => verdict)).to.deep.equal(["complete", "complete"]);
  });

  it("counts rows after the window only if an event is missing until then", async () => {
    const late = { row: rows[0] as Row, delayMs: 8 * HOUR_MS };
    const [before, after] = [arrived.slice(1), [late, late]];
    const late_ = await mergeReconciliations(await partFiles(rows, [before, after]));
    expect(late_).to.include({ verdict: "complete", eventsDelivered: 4, eventsDuplicated: 1 });
    const none = await mergeReconciliations(await partFiles(rows, [arrived, after]));
    expect(none).to.include({ verdict: "complete", eventsDelivered: 4, eventsDuplicated: 0 });
  });

  const withFiles = async (change: (files: [string, string]) => Promise<string[]> | string[]) => {
    const files = await partFiles(rows, [arrived.slice(0, 2), arrived.slice(2)]);
    return mergeReconciliations(await change(files as [string, string]));
  };
  const second = { part: { index: 1, count: 2 } };

  const gaps: [what: string, change: Parameters<typeof withFiles>[0], codes: string[], names: string][] = [
    ["is missing", ([one]) => [one], ["part-missing", "events-missing"], "2/2"],
    ["is double", ([one, two]) => [one, two, two], ["part-duplicated"], "2/2"],
    [
      "is of another run",
      async ([one, two]) => [one, two, await partFile("foreign", rows, [], { ...second, runId: "night-8" })],
      ["part-of-another-run"],
      "night-8",
    ],
    [
      "has read another export",
      async ([one, two]) => [
        one,
        two,
        await partFile("other", rows.slice(1), [], { ...second, start: START + 1 }),
      ],
      ["part-duplicated", "part-of-another-export", "events-missing"],
      "2/2",
    ],
    [
      "was interrupted",
      async ([one]) => [one, await partFile("short", rows, [], { ...second, readWithin: false })],
      ["events-missing"],
      "2 events",
    ],
  ];
  for (const [what, change, codes, names] of gaps) {
    it(`is undecided if a part ${what}, and names it`, async () => {
      const report = await withFiles(change);
      expect(report.verdict).to.equal("undecided");
      expect(codesOf(report)).to.deep.equal(codes);
      expect(report.findings.map(({ message }) => message).join()).to.include(names);
    });
  }

  it("says what the parts have found once, with the parts that have not all found it", async () => {
    const found = (where: string) => ({
      code: "stream-not-encrypted" as const,
      severity: "warning" as const,
      where,
      message: "It is plain",
      remedy: "Encrypt it",
    });
    const files = await Promise.all(
      [0, 1].map((index) =>
        partFile(`found-${index}`, rows, index === 0 ? arrived : [], {
          part: { index, count: 2 },
          findings: index === 0 ? [found("all"), found("one")] : [found("all")],
        }),
      ),
    );
    const { findings } = await mergeReconciliations(files);
    expect(findings.map(({ message }) => message)).to.deep.equal(["It is plain", "It is plain (part 1/2)"]);
  });

  it("says that a part's matches could not be stored, and leaves no file", async () => {
    const log = await PartLog.open();
    const { writeFileSync: write } = fs;
    fs.writeFileSync = () => {
      throw new Error("ENOSPC: no space left on device, write");
    };
    try {
      const match = { entry: 0, delay: 0, stage: 0, isRepeated: false, isDifferent: false } as const;
      log.onMatch(match);
      const error = await failureOf(log.write(file("unstored"), {} as PartFacts, new Tally(RANGE)));
      expect(error).to.be.instanceOf(SettingsError).and.to.have.property("message").that.includes("ENOSPC");
      expect(existsSync(file("unstored"))).to.equal(false);
    } finally {
      fs.writeFileSync = write;
      await log.close();
    }
  });

  it("rejects files that are cut off or something else, by name", async () => {
    const [one] = await partFiles(rows, [arrived]);
    const whole = readFileSync(one ?? "");
    for (const [name, content] of [
      ["cut", whole.subarray(0, whole.length - 12)],
      ["plain", Buffer.from("{}")],
      ["other", gzipSync("some text of another program, compressed by it, of any length")],
      ["empty", Buffer.alloc(0)],
    ] as const) {
      writeFileSync(file(name), content);
      const error = (await failureOf(mergeReconciliations([file(name)]))) as Error;
      expect(error.message).to.match(new RegExp(`${name} is not the file of a part: .*--part-file$`));
    }
    truncateSync(one ?? "", 5);
    expect(await failureOf(mergeReconciliations([one ?? ""]))).to.be.instanceOf(ReportError);
  });
});
