import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { SettingsError } from "../../../../delivery";
import { duration, positiveNumber } from "../../../../delivery/cli/options/arguments";
import {
  describeSource,
  openSource,
  parseSourceDescription,
  type SourceDescription,
} from "../../../../delivery/cli/options/source";
import { eventsOf } from "../../events/eventsOf";

const NOW = Date.UTC(2026, 0, 5);

describe("The events that the options describe", () => {
  it("are as many as the rate makes in the duration", () => {
    expect(describeSource({ rate: 50, duration: 90_000, seed: "s" }, NOW)).to.deep.equal({
      kind: "generated",
      events: 4_500,
      seed: "s",
      from: NOW,
      rate: 50,
    });
    expect(() => describeSource({ duration: 1_000 }, NOW)).to.throw(SettingsError, "--rate");
    expect(() => describeSource({ rate: 100_000, duration: 1e9 }, NOW)).to.throw(SettingsError, "at most");
  });

  it("name the project that the stream's guard expects, also if they are created again", async () => {
    const description = describeSource({ events: 3, seed: "s" }, NOW, 42);
    const stored = parseSourceDescription(JSON.parse(JSON.stringify(description)));
    for await (const { bytes } of eventsOf(await openSource(stored)))
      expect(JSON.parse(bytes.toString()).app).to.equal(42);
  });

  it("can be created again from their description, byte for byte", async () => {
    for (const flags of [{ events: 70 }, { events: 70, rate: 3 }]) {
      const description = describeSource(flags, NOW);
      const stored = parseSourceDescription(JSON.parse(JSON.stringify(description)));
      const [one, other] = await Promise.all(
        [description, stored].map(async (each) => {
          const all: string[] = [];
          for await (const { bytes } of eventsOf(await openSource(each))) all.push(bytes.toString());
          return all;
        }),
      );
      expect(one).to.have.length(70);
      expect(other).to.deep.equal(one);
    }
  });

  it("have the times at which they are due if there is a rate", async () => {
    const times: string[] = [];
    const source = await openSource(describeSource({ events: 101, rate: 1, seed: "s" }, NOW));
    for await (const { bytes } of eventsOf(source)) times.push(JSON.parse(bytes.toString()).event_time);
    const passed = Date.parse(`${times.at(-1)}Z`) - Date.parse(`${times[0]}Z`);
    expect(passed).to.be.within(100_000 - 4_000, 100_000 + 4_000);
  });

  it("can't be created from an invalid description", () => {
    for (const value of [null, undefined, 7, {}, { kind: "other" }]) {
      expect(() => parseSourceDescription(value)).to.throw("started by another program");
    }
  });
});

describe("The events of a part", () => {
  const flags = { events: 10, seed: "s", rate: 8 };
  const parts = [0, 1, 2, 3].map((index) => describeSource({ ...flags, part: { index, count: 4 } }, NOW));
  const bytesOf = async (description: SourceDescription) => {
    const all: string[] = [];
    for await (const { bytes } of eventsOf(await openSource(description))) all.push(bytes.toString());
    return all;
  };

  it("are its share of the run's, at its share of the rate", async () => {
    expect(parts.map((each) => each.kind === "generated" && each.events)).to.deep.equal([3, 3, 2, 2]);
    expect(parts.map(({ rate }) => rate)).to.deep.equal([2, 2, 2, 2]);
    const all = (await Promise.all(parts.map(bytesOf))).flat();
    expect(new Set(all)).to.have.property("size", 10);
  });

  it("are every N-th row of an export, which the parts share", async () => {
    const folder = mkdtempSync(join(tmpdir(), "amplitude-kinesis-parts-"));
    const file = join(folder, "export.json");
    const rows = Array.from({ length: 11 }, (_, at) => JSON.stringify({ event_type: `e${at}` }));
    try {
      writeFileSync(file, [...rows.slice(0, 5), "broken", ...rows.slice(5)].join("\n"));
      const shares: string[][] = [];
      const skipped: number[] = [];
      for (const index of [0, 1, 2, 3]) {
        const source = await openSource(describeSource({ export: file, part: { index, count: 4 } }, NOW));
        const own: string[] = [];
        for await (const { bytes } of eventsOf(source)) own.push(bytes.toString());
        shares.push(own);
        skipped.push(source.problemCount);
      }
      expect(shares[1]).to.deep.equal([rows[1], rows[5], rows[9]]);
      expect(shares.flat().sort()).to.deep.equal([...rows].sort());
      expect(skipped).to.deep.equal([1, 0, 0, 0]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are refused if there is none, or if one process can't send them", () => {
    const part = { index: 3, count: 4 };
    expect(() => describeSource({ events: 3, part }, NOW)).to.throw(
      SettingsError,
      "Part 4/4 has no event, because the run has 3",
    );
    expect(() => describeSource({ rate: 400_001, part }, NOW)).to.throw(
      SettingsError,
      "Part 4/4 of --rate is 100000.25 events/s",
    );
    expect(() => describeSource({ rate: 100_001 }, NOW)).to.throw(
      SettingsError,
      /^--rate is 100001 events\/s.* with --part$/,
    );
    expect(describeSource({ rate: 400_000, part }, NOW).rate).to.equal(100_000);
  });
});

describe("A duration", () => {
  const cases: [string, number][] = [
    ["90", 90_000],
    ["90s", 90_000],
    ["1.5m", 90_000],
    ["250ms", 250],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
  ];
  for (const [text, ms] of cases) it(`${text} is ${ms} ms`, () => expect(duration(text)).to.equal(ms));

  it("has no other format", () => {
    for (const text of ["", "0", "-1s", "1 s", "s", "1w", "1e3", "400d", "NaN", "1..5s", "ten"]) {
      expect(() => duration(text), text).to.throw("duration");
    }
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (!/^\d+(\.\d+)?(ms|s|m|h|d)?$/.test(text)) expect(() => duration(text)).to.throw();
      }),
    );
  });

  it("is not a rate, which is a number above 0", () => {
    expect(positiveNumber(10)("0.5")).to.equal(0.5);
    for (const text of ["0", "-1", "11", "x", "1e1", ""]) expect(() => positiveNumber(10)(text)).to.throw();
  });
});
