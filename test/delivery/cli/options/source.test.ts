import { expect } from "chai";
import fc from "fast-check";
import { SettingsError } from "../../../../delivery";
import { duration, positiveNumber } from "../../../../delivery/cli/options/arguments";
import { describeSource, openSource, parseSourceDescription } from "../../../../delivery/cli/options/source";
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
