import { gzipSync } from "node:zlib";
import { expect } from "chai";
import {
  asLines,
  type EntryToZip,
  manyEvents,
  readExport,
  temporaryFolder,
  written,
  zipped,
} from "./exports";

const CENTRAL = Buffer.from("504b0102", "hex");
const LOCAL = Buffer.from("504b0304", "hex");
const stored = { compress: false };

/** A copy in which the bytes after the n-th (from 0) `signature` are changed. */
function patched(zip: Buffer, signature: Buffer, nth: number, change: (header: Buffer) => void): Buffer {
  const copy = Buffer.from(zip);
  let at = copy.indexOf(signature);
  for (let seen = 0; seen < nth; seen++) at = copy.indexOf(signature, at + 1);
  change(copy.subarray(at));
  return copy;
}

describe("The export reader, with a ZIP", () => {
  const folder = temporaryFolder();
  const good = (name: string, text = '{"good":1}'): EntryToZip => ({ name, content: gzipSync(`${text}\n`) });
  const read = (zip: Buffer) => readExport(written(folder("e.zip"), zip));

  it("reads the files in the order of the archive", async () => {
    const names = ["2/2_2026-01-05_10#0.json.gz", "2/2_2026-01-05_9#1.json.gz", "1/1_2026-01-05_9#0.json.gz"];
    const all = await read(await zipped(names.map((name, index) => good(name, `{"n":${index}}`))));
    expect(all.texts).to.deep.equal(['{"n":0}', '{"n":1}', '{"n":2}']);
    expect(all.origins).to.deep.equal(names.map((name) => `e.zip/${name}:1`));
  });

  it("reads files that are not gzipped, and gzip under a plain name", async () => {
    const all = await read(
      await zipped([
        { name: "1/plain.json", content: '{"a":1}\n{"b":2}' },
        { name: "1/packed.json", content: gzipSync('{"c":3}') },
        { name: "1/stored.JSON", content: '{"d":4}', options: stored },
      ]),
    );
    expect(all.texts).to.deep.equal(['{"a":1}', '{"b":2}', '{"c":3}', '{"d":4}']);
    expect(all.problems).to.deep.equal([]);
  });

  it("silently skips folders and files that macOS adds", async () => {
    const all = await read(
      await zipped([
        { name: "1/", content: "" },
        { name: "__MACOSX/1/._1.json.gz", content: "litter" },
        { name: "1/.DS_Store", content: "litter" },
        { name: ".DS_Store", content: "litter" },
        good("1/1.json.gz"),
      ]),
    );
    expect(all.texts).to.have.length(1);
    expect(all.problems).to.deep.equal([]);
  });

  it("yields nothing for an archive without files", async () => {
    expect(await read(await zipped([]))).to.deep.include({ texts: [], problems: [] });
  });

  it("reports files without events, and removes control characters from their names", async () => {
    const all = await read(
      await zipped([{ name: "read\u001b[31mme.txt", content: "hello" }, good("1/1.json.gz")]),
    );
    expect(all.texts).to.have.length(1);
    expect(all.problems).to.deep.equal([
      { file: "e.zip/read?[31mme.txt", reason: "is not a .json.gz or .json file" },
    ]);
  });

  describe("reports a file that can't be read, and continues with the next", () => {
    const lines = manyEvents(2_000);
    const packed = gzipSync(asLines(lines));
    const cases: { why: string; zip: () => Promise<Buffer>; reason: RegExp; whole?: boolean }[] = [
      {
        why: "an encrypted one",
        zip: async () => {
          const zip = await zipped([{ name: "1/bad.json.gz", content: packed }, good("1/good.json.gz")]);
          return patched(zip, CENTRAL, 0, (header) => header.writeUInt16LE(header.readUInt16LE(8) | 1, 8));
        },
        reason: /^is encrypted/,
      },
      {
        why: "one packed by another method",
        zip: async () => {
          const zip = await zipped([{ name: "1/bad.json.gz", content: packed }, good("1/good.json.gz")]);
          return patched(zip, CENTRAL, 0, (header) => header.writeUInt16LE(93, 10));
        },
        reason: /^is packed by method 93/,
      },
      {
        why: "one without its local header",
        zip: async () => {
          const zip = await zipped([
            good("1/first.json.gz"),
            { name: "1/bad.json.gz", content: packed },
            good("1/good.json.gz"),
          ]);
          return patched(zip, LOCAL, 1, (header) => header.writeUInt32LE(0, 0));
        },
        reason: /^can't be read to its end: invalid local file header/,
      },
      {
        why: "one that is not gzip under a gzip's name",
        zip: () => zipped([{ name: "1/bad.json.gz", content: '{"a":1}' }, good("1/good.json.gz")]),
        reason: /incorrect header check/,
      },
      {
        why: "an empty one under a gzip's name",
        zip: () => zipped([{ name: "1/bad.json.gz", content: "" }, good("1/good.json.gz")]),
        reason: /it is empty, but gzip data is expected/,
      },
      {
        why: "one whose CRC-32 is wrong",
        zip: async () => {
          const zip = await zipped([{ name: "1/bad.json.gz", content: packed }, good("1/good.json.gz")]);
          return patched(zip, CENTRAL, 0, (header) => header.writeUInt32LE(1, 16));
        },
        reason: /its CRC-32 differs from the one in the ZIP's directory/,
        whole: true,
      },
      {
        why: "a stored one in which a letter was changed",
        zip: async () => {
          const content = asLines(lines);
          const zip = await zipped([
            { name: "1/bad.json", content, options: stored },
            good("1/good.json.gz"),
          ]);
          return patched(zip, Buffer.from('"text"'), 3, (text) => text.write('"taxt"'));
        },
        reason: /its CRC-32 differs from the one in the ZIP's directory/,
      },
      {
        why: "one whose size is wrong",
        zip: async () => {
          const zip = await zipped([{ name: "1/bad.json.gz", content: packed }, good("1/good.json.gz")]);
          return patched(zip, CENTRAL, 0, (header) => header.writeUInt32LE(packed.length + 1, 24));
        },
        reason: /bytes, but \d+ in the ZIP's directory/,
        whole: true,
      },
    ];
    for (const { why, zip, reason, whole } of cases) {
      it(why, async () => {
        const all = await read(await zip());
        expect(all.texts.at(-1)).to.equal('{"good":1}');
        expect(all.problemCount).to.equal(1);
        expect(all.problems[0]?.file).to.match(/^e\.zip\/1\/bad\.json/);
        expect(all.problems[0]?.reason).to.match(reason);
        if (whole) expect(all.texts.slice(0, -1)).to.deep.equal(lines);
      });
    }
  });

  it("yields the lines before corrupt gzip data, reports the damaged file, and continues", async () => {
    const lines = manyEvents(5_000);
    const corrupt = gzipSync(asLines(lines));
    const middle = Math.floor(corrupt.length / 2);
    corrupt.fill(0xff, middle, middle + 200);
    const all = await read(
      await zipped([{ name: "1/bad.json.gz", content: corrupt }, good("1/good.json.gz")]),
    );
    // Deflate may go on through garbage up to the checksum: what it unpacks until then are broken lines.
    const intact = all.texts.findIndex((text, index) => text !== lines[index]);
    expect(intact).to.be.within(2_000, 3_000);
    expect(all.texts.at(-1)).to.equal('{"good":1}');
    expect(all.problems.find(({ line }) => line === undefined)?.reason).to.match(/can't be read to its end/);
    expect(all.problemCount).to.be.greaterThan(80);
  });

  it("keeps at most 100 problems of whole files, and counts all", async () => {
    const all = await read(
      await zipped(Array.from({ length: 120 }, (_, index) => ({ name: `1/${index}.txt`, content: "" }))),
    );
    expect(all.problems).to.have.length(100);
    expect(all.problemCount).to.equal(120);
  });

  it("reports an archive whose directory is damaged, after the files before the damage", async () => {
    const zip = await zipped([good("1/1.json.gz"), good("1/2.json.gz")]);
    const all = await read(patched(zip, CENTRAL, 1, (header) => header.writeUInt32LE(0, 0)));
    expect(all.texts).to.have.length(1);
    expect(all.problems).to.have.length(1);
    expect(all.problems[0]?.file).to.equal("e.zip");
    expect(all.problems[0]?.reason).to.match(/^its directory is damaged/);
  });

  it("accepts names that point outside the archive: nothing is unpacked to disk", async () => {
    const zip = await zipped([good("aa/1.json.gz"), good("1/2.json.gz")]);
    const outside = Buffer.from(zip.toString("latin1").replaceAll("aa/1", "../1"), "latin1");
    expect((await read(outside)).origins).to.deep.equal(["e.zip/../1.json.gz:1", "e.zip/1/2.json.gz:1"]);
  });
});
