import { crc32, gzipSync } from "node:zlib";
import { expect } from "chai";
import { SourceError } from "../../../../delivery/common/errors";
import { openExport } from "../../../../delivery/events/export/exportReader";
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
const END = Buffer.from("504b0506", "hex");
const ZIP64_END = Buffer.from("504b0606", "hex");
const stored = { compress: false };

/**
 * A ZIP without ZIP64 records, whose count wraps as macOS writes it. Every file but folders has the same content.
 * yazl takes a minute for so many.
 */
function storedZip(names: readonly string[], content: string): Buffer {
  const data = Buffer.from(content);
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const name of names.map((text) => Buffer.from(text))) {
    const { length } = name.at(-1) === 0x2f ? Buffer.alloc(0) : data;
    const local = Buffer.alloc(30);
    local.writeUInt32BE(0x504b0304);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32BE(0x504b0102);
    central.writeUInt32LE(length === 0 ? 0 : crc32(data), 16);
    central.writeUInt32LE(length, 20);
    central.writeUInt32LE(length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    files.push(local, name, data.subarray(0, length));
    directory.push(central, name);
    offset += local.length + name.length + length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32BE(0x504b0506);
  end.writeUInt16LE(names.length % 65_536, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, ...directory, end]);
}

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
  const good = (name: string, text = '{"uuid":"good"}'): EntryToZip => ({
    name,
    content: gzipSync(`${text}\n`),
  });
  const read = (zip: Buffer) => readExport(written(folder("e.zip"), zip));

  it("reads the files in the order of the archive", async () => {
    const names = ["2/2_2026-01-05_10#0.json.gz", "2/2_2026-01-05_9#1.json.gz", "1/1_2026-01-05_9#0.json.gz"];
    const all = await read(await zipped(names.map((name, index) => good(name, `{"uuid":${index}}`))));
    expect(all.texts).to.deep.equal(['{"uuid":0}', '{"uuid":1}', '{"uuid":2}']);
    expect(all.origins).to.deep.equal(names.map((name) => `e.zip/${name}:1`));
  });

  it("decides by content whether a file is gzipped, whatever its name is", async () => {
    const all = await read(
      await zipped([
        { name: "1/plain.json", content: '{"uuid":"a"}\n{"uuid":"b"}' },
        { name: "1/packed.json", content: gzipSync('{"uuid":"c"}') },
        { name: "1/stored.JSON", content: '{"uuid":"d"}', options: stored },
        { name: "1/plain.json.gz", content: '{"uuid":"e"}' },
        { name: "1/lines.jsonl", content: '{"uuid":"f"}' },
        { name: "1/lines.ndjson.gz", content: gzipSync('{"uuid":"g"}') },
        { name: "1/copy.json 2.gz", content: gzipSync('{"uuid":"h"}') },
        { name: "__MACOSX/1.json", content: '{"uuid":"i"}' },
        { name: "folder/", content: "" },
        { name: "none", content: '{"uuid":"j"}' },
      ]),
    );
    expect(all.texts).to.deep.equal([..."abcdefghij"].map((uuid) => `{"uuid":"${uuid}"}`));
    expect(all.problems).to.deep.equal([]);
  });

  it("reads a file whose name ends as a folder's does, and whose size is stated as 0", async () => {
    const zip = storedZip(["1"], '{"uuid":"a"}\n');
    const named = patched(zip, CENTRAL, 0, (header) => {
      header.writeUInt32LE(0, 24);
      header.write("/", 46);
    });
    const { texts, fileProblemCount } = await read(named);
    expect({ texts, fileProblemCount }).to.deep.equal({ texts: ['{"uuid":"a"}'], fileProblemCount: 1 });
  });

  it("silently skips folders and files that macOS adds", async () => {
    const all = await read(
      await zipped([
        { name: "1/", content: "" },
        { name: "__MACOSX/1/._1.json.gz", content: Buffer.from("0005160700020000", "hex") },
        { name: "1/.DS_Store", content: Buffer.from("000000014275643100", "hex") },
        { name: "1/Icon", content: "" },
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
      { file: "e.zip/read\ufffd[31mme.txt", reason: "holds neither gzip nor JSON objects" },
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
        why: "one that is a ZIP",
        zip: async () => {
          const inner = await zipped([good("1.json.gz")]);
          return zipped([{ name: "1/bad.json.zip", content: inner }, good("1/good.json.gz")]);
        },
        reason: /^holds neither gzip nor JSON objects/,
      },
      {
        why: "one that is a packed picture",
        zip: () => zipped([{ name: "1/bad.json.gz", content: gzipSync("\x89PNG") }, good("1/good.json.gz")]),
        reason: /^holds neither gzip nor JSON objects/,
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
        expect(all.texts.at(-1)).to.equal('{"uuid":"good"}');
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
    const damaged = Math.floor(corrupt.length / 2) + 42;
    corrupt[damaged] = 0xff - (corrupt[damaged] ?? 0);
    const all = await read(
      await zipped([{ name: "1/bad.json.gz", content: corrupt }, good("1/good.json.gz")]),
    );
    // Deflate may go on through garbage up to the checksum: what it unpacks until then are broken lines.
    const intact = all.texts.findIndex((text, index) => text !== lines[index]);
    expect(intact).to.be.within(2_000, 3_000);
    expect(all.texts.at(-1)).to.equal('{"uuid":"good"}');
    expect(all.problems.find(({ line }) => line === undefined)?.reason).to.match(/can't be read to its end/);
    expect(all.problemCount).to.be.greaterThan(80);
  });

  it("keeps at most 100 problems of whole files, and counts all", async () => {
    const all = await read(
      await zipped(Array.from({ length: 120 }, (_, index) => ({ name: `1/${index}.txt`, content: "text" }))),
    );
    expect(all.problems).to.have.length(100);
    expect(all).to.include({ problemCount: 120, fileProblemCount: 120 });
  });

  it("reports an archive whose directory is damaged, after the files before the damage", async () => {
    const zip = await zipped([good("1/1.json.gz"), good("1/2.json.gz")]);
    const all = await read(patched(zip, CENTRAL, 1, (header) => header.writeUInt32LE(0, 0)));
    expect(all.texts).to.have.length(1);
    expect(all.problems).to.have.length(1);
    expect(all.problems[0]?.file).to.equal("e.zip");
    expect(all.problems[0]?.reason).to.match(/^its directory is damaged/);
  });

  describe("compares the number of files in the directory with the one at its end", () => {
    const files = (count: number) => Array.from({ length: count }, (_, index) => good(`1/${index}.json.gz`));
    const withCount = (zip: Buffer, count: number) =>
      patched(zip, END, 0, (end) => end.writeUInt16LE(count, 10));

    it("reads every file although a 16-bit count has wrapped, as macOS writes it", async () => {
      const folders = Array<string>(65_536).fill("f/");
      const all = await read(
        storedZip([...folders, "1.json", "2.json", "3.json", "4.json", "5.json"], '{"uuid":"1"}'),
      );
      expect(all.origins).to.deep.equal([1, 2, 3, 4, 5].map((file) => `e.zip/${file}.json:1`));
      expect(all.problems).to.deep.equal([]);
    });

    const contradictions: [what: string, zip: () => Promise<Buffer>][] = [
      ["more files than the count, which has not wrapped", async () => withCount(await zipped(files(3)), 2)],
      [
        "another length than the one at its end",
        async () =>
          patched(await zipped(files(3)), END, 0, (end) => end.writeUInt32LE(end.readUInt32LE(12) - 1, 12)),
      ],
      [
        "damage behind the last file that is counted",
        async () =>
          patched(withCount(await zipped(files(3)), 1), CENTRAL, 2, (header) => header.writeUInt32LE(0, 0)),
      ],
      [
        "more files than a ZIP64's count",
        async () => patched(await zipped(files(3), true), ZIP64_END, 0, (end) => end.writeUInt32LE(2, 32)),
      ],
    ];
    for (const [what, zip] of contradictions) {
      it(`rejects ${what}`, async () => {
        const error = await openExport(written(folder("e.zip"), await zip())).catch((thrown) => thrown);
        expect(error).to.be.instanceOf(SourceError);
        expect(error.message).to.match(
          /^The ZIP ".*e\.zip" can't be read: its directory .* Download the export again/,
        );
      });
    }
  });

  it("accepts names that point outside the archive: nothing is unpacked to disk", async () => {
    const zip = await zipped([good("aa/1.json.gz"), good("1/2.json.gz")]);
    const outside = Buffer.from(zip.toString("latin1").replaceAll("aa/1", "../1"), "latin1");
    expect((await read(outside)).origins).to.deep.equal(["e.zip/../1.json.gz:1", "e.zip/1/2.json.gz:1"]);
  });
});
