import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { readExport, temporaryFolder, written, zipped } from "./exports";

/** Number of exports to try. `FUZZ_RUNS=100000` takes minutes. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 150);

const event = fc
  .record({
    uuid: fc.uuid(),
    text: fc.string({ unit: "binary" }),
    list: fc.array(fc.jsonValue({ maxDepth: 2 })),
  })
  .map((value) => ({ isEvent: true, text: JSON.stringify(value) }));
const other = fc
  .constantFrom('{"error":{"code":429}}', "17", '"text"', "{}", '{"uuid":null}')
  .map((text) => ({ isEvent: false, text }));
const rows = fc.array(fc.oneof({ weight: 4, arbitrary: event }, other), { maxLength: 20 });
const file = fc.record({
  rows,
  isArray: fc.boolean(),
  isPacked: fc.boolean(),
  name: fc.constantFrom(
    "1/a.json.gz",
    "a.json",
    "a.jsonl",
    "a.ndjson.gz",
    "a.json 2.gz",
    "none",
    "__MACOSX/a.json",
  ),
});
type File = typeof file extends fc.Arbitrary<infer Value> ? Value : never;

function contentOf({ rows, isArray, isPacked }: File): Buffer {
  const texts = rows.map(({ text }) => text);
  const text = isArray
    ? `[\n${['{"uuid":"first"}', ...texts].join(",\n")}\n]`
    : ['{"uuid":"first"}', ...texts].join("\n");
  return isPacked ? gzipSync(text) : Buffer.from(text);
}

describe("The export reader, with any export", () => {
  const folder = temporaryFolder();

  it("sends or counts every row, within a second of the processor", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 4 }), async (files) => {
        const entries = files.map((one, index) => ({
          name: `${index}/${one.name}`,
          content: contentOf(one),
        }));
        const before = process.cpuUsage();
        const read = await readExport(written(folder("e.zip"), await zipped(entries)));
        expect(process.cpuUsage(before).user).to.be.lessThan(1_000_000);
        const all = files.flatMap((one) => one.rows);
        expect(read.texts.filter((text) => text !== '{"uuid":"first"}')).to.deep.equal(
          all.filter(({ isEvent }) => isEvent).map(({ text }) => text),
        );
        expect(read.texts.length + read.problemCount).to.equal(all.length + files.length);
      }),
      { numRuns: RUNS },
    );
  }).timeout(0);
});
