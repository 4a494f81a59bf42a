import { appendFileSync, chmodSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { constants, gunzipSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { SourceError } from "../../../../delivery/common/errors";
import { openExport } from "../../../../delivery/events/export/exportReader";
import { skip } from "../../../skip";
import { eventsOf } from "../eventsOf";
import { asLines, manyEvents, readExport, temporaryFolder, written, zipped } from "./exports";

async function openingError(path: string): Promise<Error> {
  try {
    await openExport(path);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  return expect.fail("it opened");
}

function withChecksum(gzip: Buffer, checksum: number): Buffer {
  const copy = Buffer.from(gzip);
  copy.writeUInt32LE(checksum, copy.length - 8);
  return copy;
}

describe("The export reader", () => {
  const folder = temporaryFolder();
  const events = [
    '{"uuid":"a"}',
    '{ "event_type" : "日本😀" , "n":1.0e3}',
    '{"event_name":"c","n":12345678901234567890}',
  ];

  describe("detects formats by content, not by name", () => {
    const formats: [string, () => Promise<Buffer> | Buffer, string][] = [
      ["a ZIP", () => zipped([{ name: "1/1.json.gz", content: gzipSync(asLines(events)) }]), "x/1/1.json.gz"],
      [
        "a ZIP64",
        () => zipped([{ name: "1/1.json.gz", content: gzipSync(asLines(events)) }], true),
        "x/1/1.json.gz",
      ],
      ["one gzipped file", () => gzipSync(asLines(events)), "x"],
      ["one plain file", () => Buffer.from(asLines(events)), "x"],
    ];
    for (const [what, content, file] of formats) {
      it(what, async () => {
        const read = await readExport(written(folder("x"), await content()));
        expect(read.texts).to.deep.equal(events);
        expect(read.origins).to.deep.equal([`${file}:1`, `${file}:2`, `${file}:3`]);
        expect(read.problems).to.deep.equal([]);
      });
    }
  });

  it("reads all members of a gzip file that was put together from several", async () => {
    const members = Buffer.concat(events.map((event) => gzipSync(`${event}\n`)));
    expect((await readExport(written(folder("x.json.gz"), members))).texts).to.deep.equal(events);
  });

  const signs = 3_000_000;
  const large: [what: string, text: string][] = [
    ["of lists in lists", `{"uuid":"b","x":${"[".repeat(signs)}${"]".repeat(signs)}}`],
    ["of dictionaries", `{"uuid":"b","x":[${"{},".repeat(signs)}0]}`],
    ["of names", `{"uuid":"b",${Array.from({ length: signs / 4 }, (_, index) => `"${index}":0`).join(",")}}`],
  ];
  for (const [what, text] of large) {
    it(`counts an event ${what} as skipped, within a second of the processor`, async () => {
      const path = written(folder("x.json"), asLines(['{"uuid":"a"}', text, '{"uuid":"c"}']));
      const before = process.cpuUsage();
      const read = await readExport(path);
      expect(process.cpuUsage(before).user).to.be.lessThan(1_000_000);
      expect(read.texts).to.deep.equal(['{"uuid":"a"}', '{"uuid":"c"}']);
      expect(read.problems.map(({ line, reason }) => `${line} ${reason}`)).to.deep.equal([
        "2 has more than 250000 lists, dictionaries and names, too many to be parsed",
      ]);
    });
  }

  it("reads a long event whose texts hold any number of brackets", async () => {
    const text = `{"uuid":"b","x":"${'[{:\\"'.repeat(100_000)}"}`;
    expect((await readExport(written(folder("x.json"), text))).texts).to.deep.equal([text]);
  });

  it("ignores a byte order mark, which is not part of the first event", async () => {
    const marked = Buffer.from(`\ufeff${asLines(events)}`);
    for (const content of [marked, gzipSync(marked), Buffer.from(`\ufeff${events[0]}`)]) {
      const read = await readExport(written(folder("x"), content));
      expect(read.texts).to.deep.equal(events.slice(0, read.texts.length)).and.not.empty;
      expect(read.problems).to.deep.equal([]);
    }
    const inside = Buffer.from(`${events[0]}\n\ufeff${events[1]}\n`);
    expect((await readExport(written(folder("x"), inside))).problems).to.have.lengthOf(1);
  });

  it("ignores zeros after gzip data, which are padding", async () => {
    const padded = Buffer.concat([gzipSync(asLines(events)), Buffer.alloc(20_000)]);
    const read = await readExport(written(folder("x.json.gz"), padded));
    expect(read.texts).to.deep.equal(events);
    expect(read.problems).to.deep.equal([]);
  });

  it("reports data behind the padding of gzip data", async () => {
    const packed = gzipSync(asLines(events));
    for (const behind of [packed, Buffer.from(asLines(events))]) {
      const padded = Buffer.concat([packed, Buffer.alloc(200_000), behind, Buffer.alloc(200_000)]);
      const { texts, problems } = await readExport(written(folder("x.json.gz"), padded));
      expect(texts).to.deep.equal(events);
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]?.reason).to.contain("other data follow");
    }
  });

  it("keeps carriage returns, skips blank lines, and reads a last line without a line feed", async () => {
    const read = await readExport(written(folder("x.json"), '{"uuid":"a"}\r\n\r\n  \n\n{"uuid":"b"}'));
    expect(read.texts).to.deep.equal(['{"uuid":"a"}\r', '{"uuid":"b"}']);
    expect(read.origins).to.deep.equal(["x.json:1", "x.json:5"]);
    expect(read.problems).to.deep.equal([]);
  });

  const empty: [string, Buffer][] = [
    ["an empty file", Buffer.alloc(0)],
    ["a file of blank lines", Buffer.from("\n\r\n\n")],
    ["gzip of nothing", gzipSync("")],
  ];
  for (const [what, content] of empty) {
    it(`yields nothing for ${what}`, async () => {
      expect(await readExport(written(folder("x"), content))).to.deep.include({ texts: [], problems: [] });
    });
  }

  describe("reports a broken line by its number, and continues", () => {
    const broken: [string, Buffer | string, string][] = [
      ["not JSON", '{"secret":"hunter2"', "isn't valid JSON (19 bytes)"],
      ["two objects", '{"secret":1}{"secret":2}', "isn't valid JSON (24 bytes)"],
      ["an array", '[{"secret":1}]', "is a JSON array, not an object"],
      ["neither an event type nor a uuid", '{"error":{"code":429}}', "has neither an event type nor a uuid"],
      ["neither, but nulls", '{"uuid":null,"event_type":null}', "has neither an event type nor a uuid"],
      ["null", "null", "is JSON null, not an object"],
      ["a text", '"secret"', "is a JSON string, not an object"],
      ["a number", "42", "is a JSON number, not an object"],
      ["invalid UTF-8", Buffer.from('{"secret":"\xff"}', "latin1"), "isn't valid UTF-8"],
      ["a surrogate in UTF-8", Buffer.from('{"secret":"\xed\xa0\x80"}', "latin1"), "isn't valid UTF-8"],
    ];
    for (const [what, line, reason] of broken) {
      it(what, async () => {
        const content = Buffer.concat([
          Buffer.from('{"uuid":"a"}\n'),
          Buffer.from(line),
          Buffer.from('\n{"uuid":"b"}\n'),
        ]);
        const read = await readExport(written(folder("x.json"), content));
        expect(read.texts).to.deep.equal(['{"uuid":"a"}', '{"uuid":"b"}']);
        expect(read.problems).to.deep.equal([{ file: "x.json", line: 2, reason }]);
      });
    }
  });

  it("reads a line of 10 MiB, and reports a longer one", async () => {
    const longest = `{"uuid":"${"x".repeat(10 * 1024 * 1024 - 11)}"}`;
    const tooLong = `{"uuid":"${"x".repeat(10 * 1024 * 1024 - 10)}"}`;
    const read = await readExport(written(folder("x.json"), asLines([longest, tooLong, '{"uuid":"b"}'])));
    expect(read.texts.map((text) => text.length)).to.deep.equal([10_485_760, 12]);
    expect(read.problems).to.deep.equal([
      {
        file: "x.json",
        line: 2,
        reason: "is 10485761 bytes long, more than the largest Kinesis record takes (10485760 bytes)",
      },
    ]);
  });

  it("keeps the first 80 broken lines and counts all", async () => {
    const read = await readExport(written(folder("x.json"), `{"uuid":"a"}\n${"{\n".repeat(250)}`));
    expect(read.problems).to.have.length(80);
    expect(read.problems[79]?.line).to.equal(81);
    expect(read.problemCount).to.equal(250);
  });

  describe("yields what comes before damage to gzip data", () => {
    const all = manyEvents(5_000);
    const packed = gzipSync(asLines(all));

    it("where it is truncated, and reports the torn line", async () => {
      const read = await readExport(written(folder("x.json.gz"), packed.subarray(0, packed.length / 2)));
      const readable = gunzipSync(packed.subarray(0, packed.length / 2), {
        finishFlush: constants.Z_SYNC_FLUSH,
      });
      expect(read.texts.length).to.be.within(2_000, 3_000);
      expect(read.texts).to.deep.equal(readable.toString("utf8").split("\n").slice(0, -1));
      expect(read.problems).to.deep.equal([
        { file: "x.json.gz", reason: "can't be read to its end: unexpected end of file" },
        {
          file: "x.json.gz",
          line: read.texts.length + 1,
          reason: "is torn: the readable part ends inside it",
        },
      ]);
    });

    it("where it is truncated, to a slow reader too", async () => {
      const path = written(folder("x.json.gz"), packed.subarray(0, packed.length - 10));
      const texts: string[] = [];
      for await (const { bytes } of eventsOf(await openExport(path))) {
        if (texts.push(bytes.toString("utf8")) % 1_000 === 0) await setTimeout(20);
      }
      expect(texts.length).to.be.within(4_990, 5_000);
      expect(texts).to.deep.equal(all.slice(0, texts.length));
    });

    const corrupt: [string, () => Buffer, string][] = [
      ["where its checksum is wrong", () => withChecksum(packed, 1), "incorrect data check"],
      [
        "where something else follows it",
        () => Buffer.concat([packed, Buffer.from("not gzip")]),
        "incorrect header check",
      ],
    ];
    for (const [what, content, reason] of corrupt) {
      it(`${what}, but for the last 64 KiB`, async () => {
        const read = await readExport(written(folder("x.json.gz"), content()));
        expect(read.texts).to.deep.equal(all.slice(0, read.texts.length));
        expect(asLines(all.slice(read.texts.length)).length).to.be.lessThan(64 * 1024);
        expect(read.problems[0]).to.deep.equal({
          file: "x.json.gz",
          reason: `can't be read to its end: ${reason}`,
        });
      });
    }
  });

  it("yields what unpacked from the same few packed bytes as the damage", async () => {
    const all = Array<string>(40_000).fill('{"uuid":"line, again and again"}');
    const packed = withChecksum(gzipSync(asLines(all)), 1);
    expect(packed.length).to.be.lessThan(8 * 1024);
    const read = await readExport(written(folder("x.json.gz"), packed));
    expect(asLines(all.slice(read.texts.length)).length).to.be.lessThan(64 * 1024);
  });

  describe("reads JSON whose events are not one per line", () => {
    const [a, b, c] = ['{"uuid":"a"}', '{"uuid":"b","in":[{"s":"}]\\"{"}]}', '{\n  "uuid": "c"\n}'] as const;
    const forms: [what: string, text: string, lines: number[]][] = [
      ["an array on one line", `[${a},${b}, ${c}]`, [1, 1, 1]],
      ["an array over several lines", `\ufeff\n[\n${a},\n${b},\n${c}\n]\n`, [3, 4, 5]],
      ["several arrays, and arrays in arrays", `[[${a}],[]]\n[${b}]\r\n[${c}]`, [1, 2, 3]],
      ["objects over several lines", `{\n${a.slice(1)}\n${b}${c}`, [1, 3, 3]],
    ];
    for (const [what, text, lines] of forms) {
      it(what, async () => {
        const read = await readExport(written(folder("x.json"), text));
        expect(read.texts.map((event) => JSON.parse(event))).to.deep.equal(
          [a, b, c].map((event) => JSON.parse(event)),
        );
        expect(read.texts.slice(1)).to.deep.equal([b, c]);
        expect(read.origins).to.deep.equal(lines.map((line) => `x.json:${line}`));
        expect(read.problems).to.deep.equal([]);
      });
    }

    it("and reports everything else, with the events around it", async () => {
      const text = `[${a},\n"text", 1,\n{"error":1},\n{"uuid":"torn,\n${b},\n${c}\n]`;
      const read = await readExport(written(folder("x.json"), text));
      expect(read.texts).to.deep.equal([a, b]);
      expect(read.problems.map(({ line, reason }) => [line, reason])).to.deep.equal([
        [2, "is a JSON string, not an object"],
        [2, "is a JSON number, not an object"],
        [3, "has neither an event type nor a uuid"],
        [4, "isn't valid JSON (13 bytes)"],
        [6, "isn't valid JSON (1 byte)"],
        [undefined, "ends before its JSON does, so rows may be missing"],
      ]);
    });

    it("and reports an array that is cut between two events", async () => {
      const read = await readExport(written(folder("x.json"), `[${a},\n${b},\n`));
      expect(read.texts).to.deep.equal([a, b]);
      expect(read.problems).to.have.length(1);
    });
  });

  describe("rejects", () => {
    const refused: [string, () => Promise<string> | string, RegExp][] = [
      [
        "a missing file",
        () => folder("none.zip"),
        /There is no export at ".*none\.zip" \(ENOENT\)\. Check the path/,
      ],
      ["a file below a file", () => `${written(folder("x"), "{}")}/y.zip`, /There is no export.*ENOTDIR/],
      ["a directory", () => folder("."), /is a directory\. Name the \.zip/],
      [
        "a picture",
        () => written(folder("x.zip"), Buffer.from("\x89PNG\r\n\x1a\n\0\0", "latin1")),
        /not an Amplitude export.*Give the \.zip/,
      ],
      ["a web page", () => written(folder("x.zip"), "<html>\n<body>"), /neither a ZIP nor gzip/],
      [
        "a list of texts",
        () => written(folder("x.json"), '["a","b"]'),
        /no line at its start begins a JSON object/,
      ],
      [
        "a truncated ZIP",
        async () => {
          const zip = await zipped([{ name: "1/1.json.gz", content: gzipSync(asLines(manyEvents(100))) }]);
          return written(folder("x.zip"), zip.subarray(0, zip.length - 30));
        },
        /The ZIP ".*x\.zip" can't be read: .*truncated.*Download the export again/,
      ],
    ];
    for (const [what, path, message] of refused) {
      it(what, async () => {
        const error = await openingError(await path());
        expect(error).to.be.instanceOf(SourceError);
        expect(error.message).to.match(message);
      });
    }

    it("a file that may not be read", async function () {
      const path = written(folder("x.json"), "{}");
      chmodSync(path, 0);
      if (process.getuid?.() === 0) skip(this, "root can read every file");
      if (process.platform === "win32") skip(this, "Windows has no file modes");
      expect((await openingError(path)).message).to.match(
        /can't be read \(EACCES\)\. Check that you are allowed/,
      );
    });

    it("a file that is deleted between opening and reading", async () => {
      const source = await openExport(written(folder("x.json"), "{}"));
      rmSync(folder("x.json"));
      let error: unknown;
      try {
        for await (const _ of eventsOf(source));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).to.be.instanceOf(SourceError);
    });
  });

  it("reads only as events are requested", async () => {
    const path = written(folder("x.json"), asLines(manyEvents(20_000)));
    let count = 0;
    for await (const _ of eventsOf(await openExport(path))) {
      if (count === 0) appendFileSync(path, '{"uuid":"late"}\n');
      count++;
    }
    expect(count).to.equal(20_001);
  });

  describe("leaves no descriptor open", () => {
    /** Other files that this process has open may be closed meanwhile. */
    const openDescriptors = (path: string) =>
      readdirSync("/proc/self/fd").filter((fd) => {
        const { ino, dev } = statSync(path);
        const opened = statSync(join("/proc/self/fd", fd), { throwIfNoEntry: false });
        return opened?.ino === ino && opened.dev === dev;
      }).length;
    const contents: [string, () => Promise<Buffer> | Buffer][] = [
      ["a ZIP", () => zipped([{ name: "1/1.json.gz", content: gzipSync(asLines(manyEvents(20_000))) }])],
      ["gzip", () => gzipSync(asLines(manyEvents(20_000)))],
      ["a plain file", () => Buffer.from(asLines(manyEvents(20_000)))],
    ];
    for (const [what, content] of contents) {
      it(`when the consumer of ${what} stops early, reads all, or never starts`, async function () {
        if (process.platform !== "linux") skip(this, "only Linux has /proc");
        const path = written(folder("x"), await content());
        for await (const _ of eventsOf(await openExport(path))) {
          expect(openDescriptors(path), "reading").to.equal(1);
          break;
        }
        expect(openDescriptors(path), "stopped early").to.equal(0);
        await readExport(path);
        expect(openDescriptors(path), "read all").to.equal(0);
        await openExport(path);
        expect(openDescriptors(path), "never started").to.equal(0);
      });
    }
  });
});
