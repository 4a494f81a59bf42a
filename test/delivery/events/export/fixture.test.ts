import { readFileSync, statSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { expect } from "chai";
import { openPromise } from "yauzl";
import type { AmplitudeEvent } from "../amplitudeEvent";
import { FIELDS } from "../fields";
import { readExport, temporaryFolder } from "./exports";
import {
  EXPORT_PATH,
  exportFiles,
  LARGEST_ROW_BYTES,
  LARGEST_ROW_LINE,
  writeExport,
} from "./fixtures/writeExport";

/** Read by yauzl and gunzip alone, without what is tested. */
async function shippedFiles(): Promise<{ name: string; text: string }[]> {
  const zip = await openPromise(EXPORT_PATH);
  const files: { name: string; text: string }[] = [];
  for await (const entry of zip.eachEntry()) {
    const packed = await buffer(await zip.openReadStreamPromise(entry));
    files.push({ name: entry.fileName, text: gunzipSync(packed).toString("utf8") });
  }
  return files;
}

describe("The shipped export", () => {
  const folder = temporaryFolder();
  const rows = exportFiles().flatMap((file) => file.rows);

  it("holds what its script writes", async () => {
    const expected = exportFiles().map(({ name, rows }) => ({
      name,
      text: rows.map((row) => `${row}\n`).join(""),
    }));
    expect(await shippedFiles()).to.deep.equal(expected);
  });

  it("is written the same twice", async () => {
    await writeExport(folder("a.zip"));
    await writeExport(folder("b.zip"));
    expect(readFileSync(folder("a.zip")).equals(readFileSync(folder("b.zip")))).to.equal(true);
  });

  it("is read byte for byte, in order and without problems", async () => {
    const read = await readExport(EXPORT_PATH);
    expect(read.texts).to.deep.equal(rows);
    expect(read.problemCount).to.equal(0);
    expect(read.origins[0]).to.equal("export.zip/100011471/100011471_2026-01-05_9#0.json.gz:1");
    expect(read.origins.at(-1)).to.equal("export.zip/398211/398211_2026-01-06_1#3.json.gz:15");
  });

  it("is small, and has 150 to 300 rows", () => {
    expect(statSync(EXPORT_PATH).size).to.be.lessThan(100_000);
    expect(rows.length).to.be.within(150, 300);
  });

  it("has one row of exactly 1,048,000 bytes, which a default record takes with its key", async () => {
    const read = await readExport(EXPORT_PATH);
    const sizes = read.texts.map((text) => Buffer.byteLength(text));
    expect(sizes.filter((size) => size > 100_000)).to.deep.equal([LARGEST_ROW_BYTES]);
    const largest = read.origins[sizes.indexOf(LARGEST_ROW_BYTES)];
    expect(largest).to.equal(`export.zip/100011471/100011471_2026-01-05_10#0.json.gz:${LARGEST_ROW_LINE}`);
  });

  it("has every field of an export in every row, in its order, and unique ids", () => {
    const events = rows.map((row) => JSON.parse(row) as AmplitudeEvent);
    for (const event of events) expect(Object.keys(event)).to.deep.equal(FIELDS);
    expect(new Set(events.map((event) => event.uuid)).size).to.equal(rows.length);
    expect(new Set(events.map((event) => event.app))).to.deep.equal(new Set([100011471, 203138, 398211]));
    expect(events.some((event) => event.session_id === -1)).to.equal(true);
    expect(events.some((event) => event.event_type === "$identify")).to.equal(true);
    expect(events.some((event) => event.event_type === "$groupidentify")).to.equal(true);
  });
});
