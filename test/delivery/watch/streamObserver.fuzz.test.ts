import type { _Record as KinesisRecord } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import fc from "fast-check";
import { aggregated } from "../events/aggregated";
import { observing, record, recordOf } from "./rows";

/** Number of streams to try. `FUZZ_RUNS=100000` takes minutes. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 150);
const MAX_RECORD_BYTES = 10 * 2 ** 20;

/** Records by what they count as: rows, messages about cohorts, and foreign objects or data. */
interface Made {
  record: KinesisRecord;
  rows: number;
  cohorts: number;
  foreign: number;
}

const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: "binary", maxLength: 300 }));
const row = fc
  .record({ event_type: value, uuid: value, app: value, event_time: value, made_up: value })
  .map((object) => ({ object: object as object, rows: 1, cohorts: 0, foreign: 0 }));
const cohort = fc
  .record({ cohort_id: value, users: value })
  .map((object) => ({ object: object as object, rows: 0, cohorts: 1, foreign: 0 }));
const other = fc
  .record({ id: value })
  .map((object) => ({ object: object as object, rows: 0, cohorts: 0, foreign: 1 }));
const objects = fc.array(fc.oneof({ weight: 3, arbitrary: row }, cohort, other), {
  minLength: 1,
  maxLength: 9,
});
const total = (parts: { rows: number; cohorts: number; foreign: number }[]) => ({
  rows: parts.reduce((sum, { rows }) => sum + rows, 0),
  cohorts: parts.reduce((sum, { cohorts }) => sum + cohorts, 0),
  foreign: parts.reduce((sum, { foreign }) => sum + foreign, 0),
});

const readable = fc
  .tuple(
    objects,
    fc.constantFrom("list", "lines", "aggregated"),
    fc.constantFrom("k", "amplitude-kinesis.x.0"),
  )
  .map(([parts, framing, key]): Made => {
    const texts = parts.map(({ object }) => JSON.stringify(object));
    if (framing === "aggregated")
      return { record: recordOf(aggregated(texts.map((text) => [key, text])), key), ...total(parts) };
    const text = framing === "list" ? `[${texts.join(",")}]` : texts.join("\n");
    return { record: record(text, key), ...total(parts) };
  });
const unreadable = fc
  .oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from([0xff, ...bytes])),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from([0x1f, 0x8b, ...bytes])),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from([0xf3, 0x89, 0x9a, 0xc2, ...bytes])),
    fc.string({ maxLength: 300 }).map((text) => Buffer.from(`{"event_type":"${text}`)),
    fc.constantFrom("[]", "17", "", '"text"').map((text) => Buffer.from(text)),
  )
  .map((data): Made => ({ record: recordOf(data), rows: 0, cohorts: 0, foreign: 1 }));

describe("The stream observer, with any stream", () => {
  it("counts everything once, whatever is read again", () => {
    const made = fc.record({ what: fc.oneof(readable, unreadable), isReadAgain: fc.boolean() });
    fc.assert(
      fc.property(fc.array(made, { maxLength: 9 }), (all) => {
        const again = all.filter((each) => each.isReadAgain).map(({ what }) => ({ ...what.record }));
        const records = [...all.map(({ what }) => what.record), ...again];
        const seen = observing(records, { repeated: again, includeTests: true });
        const expected = total(all.map(({ what }) => what));
        expect(seen.records.read).to.equal(all.length);
        expect(seen.events).to.equal(expected.rows);
        expect(seen.records.cohortMessages).to.equal(expected.cohorts);
        const foreign = Object.values(seen.records.foreign).reduce((sum, count) => sum + count, 0);
        expect(foreign).to.equal(expected.foreign);
      }),
      { numRuns: RUNS },
    );
  });

  describe("takes at most a second of the processor for a record", () => {
    const filled = (start: string, piece: string, end: string, bytes: number) =>
      Buffer.from(start + piece.repeat((bytes - start.length - end.length) / piece.length) + end);
    const START = '{"event_type":"a","uuid":"b","app":1,"made_up":';
    const nested = (bytes: number) => `${START}${"[".repeat(bytes / 2 - 40)}${"]".repeat(bytes / 2 - 40)}}`;
    const named = (bytes: number) =>
      `${START}{${Array.from({ length: bytes / 11 }, (_, index) => `"${index}":0`).join(",")}}}`;
    const shapes: [name: string, make: (bytes: number) => Buffer][] = [
      ["empty lists", (bytes) => filled(`${START}[`, "[],", "0]}", bytes)],
      ["lists in lists", (bytes) => Buffer.from(nested(bytes))],
      ["many names", (bytes) => Buffer.from(named(bytes))],
      ["a long text", (bytes) => filled(`${START}"`, "a@", '"}', bytes)],
      ["a long type", (bytes) => filled('{"uuid":"b","app":1,"event_type":"', "1:", '"}', bytes)],
      ["lines", (bytes) => filled("", '{"a":1}\n', '{"a":1}', bytes)],
      ["aggregated records", (bytes) => aggregated(Array(Math.floor(bytes / 100)).fill(["", "{}"]))],
    ];
    for (const [name, make] of shapes) {
      it(`of ${name}`, () => {
        for (const bytes of [4 * 2 ** 20, MAX_RECORD_BYTES]) {
          const records = [recordOf(make(bytes))];
          const before = process.cpuUsage();
          expect(observing(records).records.read).to.equal(1);
          expect(process.cpuUsage(before).user).to.be.lessThan(1_000_000);
        }
      });
    }
  });
});
