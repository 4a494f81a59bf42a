import { expect } from "chai";
import { InvalidArgumentError } from "commander";
import fc from "fast-check";
import { projectId, startingPoint, until } from "../../../../delivery/cli/options/watch";

describe("what ends a watch", () => {
  it("is a number of events, or a length of time, or both", () => {
    const units = fc.constantFrom(["s", 1], ["m", 60], ["h", 3_600], ["d", 86_400]) as fc.Arbitrary<
      [string, number]
    >;
    const lengths = fc.integer({ min: 1, max: 366 });
    const events = fc.integer({ min: 1, max: 1_000_000_000 });
    fc.assert(
      fc.property(events, lengths, units, (count, length, [unit, seconds]) => {
        const both = { events: count, seconds: length * seconds };
        expect(until(`${length}${unit}`, until(String(count)))).to.deep.equal(both);
        expect(until(String(count), until(`${length}${unit}`))).to.deep.equal(both);
      }),
    );
  });

  for (const text of ["0", "-1", "1.5", "", "soon", "10 m", "0s", "1000d", "1e3", "9999999999"]) {
    it(`is not ${JSON.stringify(text)}`, () => expect(() => until(text)).to.throw(InvalidArgumentError));
  }
});

describe("where a watch starts", () => {
  it("is latest, trim-horizon, or any time in any zone", () => {
    expect([startingPoint("latest"), startingPoint("trim-horizon")]).to.deep.equal([
      "latest",
      "trim-horizon",
    ]);
    const times = fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(times, (time) => void expect(startingPoint(time.toISOString())).to.deep.equal(time)),
    );
  });

  const cases: [text: string, utc: string][] = [
    ["2026-01-05", "2026-01-05T00:00:00Z"],
    ["2026-01-05 09:30", "2026-01-05T09:30:00Z"],
    ["2026-01-05 09:30:00.250000", "2026-01-05T09:30:00.250Z"],
    ["2026-01-05T09:30:00+02:00", "2026-01-05T07:30:00Z"],
  ];
  for (const [text, utc] of cases) {
    it(`takes ${text} for ${utc}`, () => expect(startingPoint(text)).to.deep.equal(new Date(utc)));
  }

  for (const text of ["", "now", "LATEST", "05/01/2026", "2026-13-01", "2026-01-05T25:00", "1767605400"]) {
    it(`is not ${JSON.stringify(text)}`, () =>
      expect(() => startingPoint(text)).to.throw(InvalidArgumentError));
  }
});

describe("the projects that are expected", () => {
  it("are ids, one an option", () => {
    expect(projectId("17", projectId("100011471"))).to.deep.equal(["100011471", "17"]);
    for (const text of ["", "acme", "-1", "1.5"])
      expect(() => projectId(text)).to.throw(InvalidArgumentError);
  });
});
