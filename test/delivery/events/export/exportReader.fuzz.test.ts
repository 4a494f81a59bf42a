import { gzipSync } from "node:zlib";
import { expect } from "chai";
import fc from "fast-check";
import { readExport, temporaryFolder, written, zipped } from "./exports";

/** Number of exports to try. `FUZZ_RUNS=100000` takes minutes. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 100);

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

function contentOf({ rows, isArray, isPacked }: Omit<File, "name">): Buffer {
  const texts = rows.map(({ text }) => text);
  const text = isArray
    ? `[\n${['{"uuid":"first"}', ...texts].join(",\n")}\n]`
    : ['{"uuid":"first"}', ...texts].join("\n");
  return isPacked ? gzipSync(text) : Buffer.from(text);
}

/** A value that ends early, as after a full disk. */
const torn = event.chain(({ text }) =>
  fc.integer({ min: 1, max: text.length - 1 }).map((end) => ({ isEvent: false, text: text.slice(0, end) })),
);
const damaged = fc.record({
  rows: fc.array(fc.oneof({ weight: 4, arbitrary: event }, other, torn), { maxLength: 20 }),
  isArray: fc.boolean(),
  isPacked: fc.boolean(),
  /** Where in the file the damage is, from 0 to 1. */
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  damage: fc.constantFrom("none", "cut", "flipped"),
});

/** Returns the content with its damage. Only packed data is flipped: nobody can find a wrong letter in plain text. */
function damagedContentOf(file: typeof damaged extends fc.Arbitrary<infer Value> ? Value : never): Buffer {
  const content = contentOf(file);
  const at = Math.floor(content.length * file.at);
  if (file.damage === "cut") return content.subarray(0, at);
  if (file.damage === "flipped" && file.isPacked) content[at] = (content[at] ?? 0) ^ 0xff;
  return content;
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

  it("names a damaged file, or sends or counts each of its rows", async () => {
    await fc.assert(
      fc.asyncProperty(damaged, async (file) => {
        const content = damagedContentOf(file);
        // The first entry makes it an export, whatever the other holds.
        const entries = [
          { name: "0/good", content: '{"uuid":"first"}' },
          { name: "1/damaged", content },
        ];
        const read = await readExport(written(folder("e.zip"), await zipped(entries)));
        const isNamed = read.problems.some(
          (problem) => problem.file === "e.zip/1/damaged" && problem.line === undefined,
        );
        if (isNamed || content.length === 0) return;
        const isPlain = !file.isPacked && !file.isArray;
        const rows = isPlain
          ? content
              .toString()
              .split("\n")
              .filter((line) => line !== "")
          : undefined;
        const all = rows?.length ?? file.rows.length + 1;
        expect(read.texts.length - 1 + read.problemCount, `${content}`).to.equal(all);
      }),
      { numRuns: RUNS },
    );
  }).timeout(0);
});
