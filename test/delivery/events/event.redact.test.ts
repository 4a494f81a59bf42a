import { expect } from "chai";
import fc from "fast-check";
import { redact, redactName } from "../../../delivery/events/event";

describe("a value that is shown as a sample", () => {
  it("shows no letter or digit of the value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(redact(text))
          .to.match(/^"[ -/:-@[-`{-~aAx9]*…?"$/)
          .and.to.have.length.at.most(43);
      }),
    );
  });

  it("shows only the size of a list or a dictionary", () => {
    expect(redact(["ada@example.com", 1])).to.equal("list of 2");
    expect(redact({ email: "ada@example.com" })).to.equal("dictionary of 1");
  });

  const cases: [value: unknown, shown: string][] = [
    ["2026-01-05T09:30:00+02:00", '"9999-99-99A99:99:99+99:99"'],
    ["Ada.Lovelace@example.com", '"Aaa.Aaaaaaaa@aaaaaaa.aaa"'],
    ["東京 7", '"xx 9"'],
    [203, "999"],
    [-1.5, "-9.9"],
    [true, "boolean"],
    [null, "null"],
  ];
  for (const [value, shown] of cases) {
    it(`shows ${JSON.stringify(value)} as ${shown}`, () => expect(redact(value)).to.equal(shown));
  }
});

describe("a name that somebody else chose", () => {
  it("loses controls and marks of direction, and is cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
        expect(redactName(name)).not.to.match(/[\p{Cc}\p{Cf}]/u);
        expect(redactName(name).length).to.be.at.most(80);
      }),
    );
    expect(redactName("\x1b[2J\x1b]0;owned\x07Paid\u202e")).to.equal("[2J]0;ownedPaid");
  });

  it("is redacted within a second, whatever its length", () => {
    const started = process.cpuUsage();
    for (const piece of ["a", "1", "a@", "1.", ":", "f", "\u200b", "1 ", "\ud800"])
      expect(redactName(piece.repeat(900_000)).length).to.be.at.most(80);
    expect(process.cpuUsage(started).user).to.be.lessThan(1_000_000);
  });

  it("is redacted although a person's data begin at its last visible character", () => {
    expect(redactName(`${"_".repeat(78)} ada.lovelace@example.com`)).to.match(/^_+ …$/);
    expect(redactName(`${"_ ".repeat(38)}ada.${"x".repeat(200)}@example.com`)).to.match(/^[_ ]+aaa…$/);
  });

  for (const name of [
    "session_start",
    "[Amplitude] Page Viewed",
    "検索した",
    "checkout v2.1 (step 3)",
    "$identify",
  ]) {
    it(`is shown unchanged: ${name}`, () => expect(redactName(name)).to.equal(name));
  }

  for (const name of [
    "paid by ada@example.com",
    "from 203.0.113.7",
    "2001:db8:0:0:0:0:2:1",
    "call +44 20 7946 0958",
    "user 3e702190-9dcb-483a-94d8-58e93ce161de",
  ]) {
    it(`is redacted if it holds a person's data: ${name}`, () => {
      expect(redactName(name)).not.to.match(/[b-wyzB-Z0-8]/);
    });
  }
});
