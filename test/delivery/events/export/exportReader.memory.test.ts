import { closeSync, openSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { openExport } from "../../../../delivery/events/export/exportReader";
import { eventsOf } from "../eventsOf";
import { temporaryFolder } from "./exports";

const MIB = 1024 * 1024;

/** 200 times this text, packed in as many members: the test itself never holds more than one. */
function packed200Times(path: string, text: string): string {
  const member = gzipSync(text);
  const file = openSync(path, "w");
  for (let part = 0; part < 200; part++) writeSync(file, member);
  closeSync(file);
  return path;
}

/** Reads all and tells by how much the process grew at most. */
async function growth(path: string): Promise<{ events: number; problems: number; bytes: number }> {
  const source = await openExport(path);
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 2);
  let events = 0;
  for await (const _ of eventsOf(source)) events++;
  clearInterval(sampling);
  return { events, problems: source.problemCount, bytes: most - before };
}

describe("The export reader's memory", () => {
  const folder = temporaryFolder();

  it("grows by less than 80 MiB over an export of 200 MiB", async () => {
    const line = `{"uuid":"${"x".repeat(4_085)}"}\n`;
    const read = await growth(packed200Times(folder("x.json.gz"), line.repeat(256)));
    expect(read.events).to.equal(200 * 256);
    expect(read.bytes).to.be.lessThan(80 * MIB);
  });

  it("grows by less than 80 MiB over one line of 200 MiB", async () => {
    const read = await growth(packed200Times(folder("x.json.gz"), `{"uuid":"${"x".repeat(MIB)}`));
    expect(read.problems).to.equal(1);
    expect(read.bytes).to.be.lessThan(80 * MIB);
  });
});
