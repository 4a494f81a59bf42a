import { expect } from "chai";
import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { parseProjectId, parseStartingPoint, parseUntil } from "../../../../delivery/cli/commands/watch";

describe("The end of a watch", () => {
  it("is a number of events, or a duration, or both", () => {
    const units = fc.constantFrom(["s", 1], ["m", 60], ["h", 3_600], ["d", 86_400]) as fc.Arbitrary<
      [string, number]
    >;
    const lengths = fc.integer({ min: 1, max: 366 });
    const events = fc.integer({ min: 1, max: 1_000_000_000 });
    fc.assert(
      fc.property(events, lengths, units, (count, length, [unit, seconds]) => {
        const both = { events: count, seconds: length * seconds };
        expect(parseUntil(`${length}${unit}`, parseUntil(String(count)))).to.deep.equal(both);
        expect(parseUntil(String(count), parseUntil(`${length}${unit}`))).to.deep.equal(both);
      }),
    );
  });

  for (const text of ["0", "-1", "1.5", "", "soon", "10 m", "0s", "1000d", "1e3", "9999999999"]) {
    it(`is not ${JSON.stringify(text)}`, () => expect(() => parseUntil(text)).to.throw(InvalidArgumentError));
  }
});

describe("The start of a watch", () => {
  it("is latest, trim-horizon, or any time in any zone", () => {
    expect([parseStartingPoint("latest"), parseStartingPoint("trim-horizon")]).to.deep.equal([
      "latest",
      "trim-horizon",
    ]);
    const times = fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(times, (time) => void expect(parseStartingPoint(time.toISOString())).to.deep.equal(time)),
    );
  });

  const cases: [text: string, utc: string][] = [
    ["2026-01-05", "2026-01-05T00:00:00Z"],
    ["2026-01-05 09:30", "2026-01-05T09:30:00Z"],
    ["2026-01-05 09:30:00.250000", "2026-01-05T09:30:00.250Z"],
    ["2026-01-05T09:30:00+02:00", "2026-01-05T07:30:00Z"],
  ];
  for (const [text, utc] of cases) {
    it(`reads ${text} as ${utc}`, () => expect(parseStartingPoint(text)).to.deep.equal(new Date(utc)));
  }

  for (const text of ["", "now", "LATEST", "05/01/2026", "2026-13-01", "2026-01-05T25:00", "1767605400"]) {
    it(`is not ${JSON.stringify(text)}`, () =>
      expect(() => parseStartingPoint(text)).to.throw(InvalidArgumentError));
  }
});

describe("The expected projects", () => {
  it("are ids, one per option", () => {
    expect(parseProjectId("17", parseProjectId("100011471"))).to.deep.equal(["100011471", "17"]);
    for (const text of ["", "acme", "-1", "1.5"])
      expect(() => parseProjectId(text)).to.throw(InvalidArgumentError);
  });
});
