import { expect } from "chai";
import fc from "fast-check";
import stringWidth from "string-width";
import { truncate } from "../../../../delivery/cli/terminal/output";
import { watchFrame } from "../../../../delivery/cli/terminal/watchDisplay";
import type { WatchSnapshot } from "../../../../delivery/watch/snapshot";
import { watchLine, watchText } from "../../../../delivery/watch/snapshot";
import { observing, type Row, record, rows } from "../../watch/rows";

async function snapshot(change: Row = {}, expectApps: string[] = []): Promise<WatchSnapshot> {
  const records = (await rows(60)).map((one) => record({ ...one, ...change }));
  return {
    snapshotVersion: 1,
    region: "eu-central-1",
    streamName: "amplitude-events",
    startedAt: "2026-01-05T09:30:00.000Z",
    at: "2026-01-05T09:31:05.000Z",
    elapsedInSeconds: 3_665,
    includesTests: false,
    shards: 4,
    caughtUp: true,
    ...observing(records, { expectApps }),
    findings: [],
    verdict: null,
  };
}

describe("The live view", () => {
  it("fits every terminal in columns and rows", async () => {
    const shown = await snapshot({
      paying: "yes",
      event_type: "検索した検索した検索した検索した検索した 👩‍👩‍👧‍👦 é",
    });
    const sizes = fc.record({
      columns: fc.integer({ min: 1, max: 250 }),
      rows: fc.integer({ min: 2, max: 80 }),
    });
    fc.assert(
      fc.property(sizes, (size) => {
        const lines = watchFrame(shown, size);
        expect(lines.length).to.be.at.most(size.rows - 1);
        for (const { text } of lines) expect(stringWidth(text)).to.be.at.most(size.columns);
      }),
    );
  });

  it("cuts between characters, and shows the cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
        const cut = truncate(text, columns);
        expect(stringWidth(cut)).to.be.at.most(columns);
        expect(
          cut === text || columns < 1 || (cut.endsWith("…") && text.startsWith(cut.slice(0, -1))),
        ).to.equal(true);
      }),
    );
  });

  const textOf = (shown: WatchSnapshot, columns: number, height: number) =>
    watchFrame(shown, { columns, rows: height })
      .map(({ text }) => text)
      .join("\n");

  it("shows the event types next to the facts on a wide terminal, and below them on a narrow one", async () => {
    const shown = await snapshot();
    const types = /rows .*session_|projects .*session_|latency .*session_/;
    expect(textOf(shown, 140, 40)).to.match(types);
    expect(textOf(shown, 80, 40)).not.to.match(types);
    expect(textOf(shown, 80, 40)).to.include("session_start");
    expect(textOf(shown, 80, 40)).to.include("1:01:05, 4 shards, up to date");
  });

  it("has one empty line above the hint before the first event", async () => {
    const shown = { ...(await snapshot()), ...observing([], {}) };
    expect(textOf(shown, 80, 40)).to.match(/\S\n\nPress Ctrl-C to end the watch$/);
  });

  it("keeps a line for every fact on a low terminal", async () => {
    const shown = textOf(await snapshot({ paying: "yes" }), 40, 18);
    for (const fact of ["rows", "projects", "latency", "event age", "duplicates", "shape"])
      expect(shown).to.include(`\n${fact.padEnd(12)}`);
  });

  it("marks a project that is not expected", async () => {
    const lines = watchFrame(await snapshot({}, ["7"]), { columns: 80, rows: 40 });
    const project = lines.find(({ text }) => text.startsWith("projects"));
    expect(project).to.include({ tone: "bad" });
    expect(project?.text).to.include("100011471 (60, NOT EXPECTED)");
  });
});

describe("A watch as text", () => {
  it("is one line per snapshot during the watch", async () => {
    const line = watchLine({ ...(await snapshot({ paying: "yes" })), caughtUp: false });
    expect(line).to.match(
      /^09:31:05Z {2}60 rows, 60\.0\/s, projects 100011471, p95 [\d.]+ s, 5\d deviate, catching up$/,
    );
  });

  it("ends with the result, and calls a rehearsal one", async () => {
    const last: WatchSnapshot = { ...(await snapshot()), verdict: "verified" };
    expect(watchText(last))
      .to.match(/^VERIFIED: /)
      .and.to.include("60: 55 events, 3 Identify, 2 Group Identify");
    expect(watchText({ ...last, includesTests: true })).to.match(/^REHEARSED: .*nothing about Amplitude/);
    expect(watchText({ ...last, verdict: "failed" })).to.match(/^FAILED: /);
  });
});
