import { expect } from "chai";
import fc from "fast-check";
import { SettingsError } from "../../../delivery/common/errors";
import { parsePart, partIndexOf, partText } from "../../../delivery/common/part";

/** Returns the message with which a part is rejected. */
function rejection(text: string, environment: Record<string, string> = {}): string {
  try {
    return `accepted: ${JSON.stringify(parsePart(text, environment))}`;
  } catch (error) {
    expect(error).to.be.instanceOf(SettingsError);
    return (error as SettingsError).message;
  }
}

const parts = fc
  .integer({ min: 1, max: 10_000 })
  .chain((count) => fc.record({ index: fc.nat({ max: count - 1 }), count: fc.constant(count) }));

describe("A part", () => {
  it("is written from 1, and has an index from 0", () => {
    expect(parsePart("1/4", {})).to.deep.equal({ index: 0, count: 4 });
    expect(parsePart("4/4", {})).to.deep.equal({ index: 3, count: 4 });
    fc.assert(
      fc.property(parts, (part) => {
        expect(parsePart(partText(part), {})).to.deep.equal(part);
      }),
    );
  });

  it("is rejected if it doesn't exist, whatever the text", () => {
    for (const text of [
      "0/4",
      "5/4",
      "1/0",
      "1/10001",
      "1",
      "1/4/4",
      "-1/4",
      "1.5/4",
      " 1/4",
      "1/4\n",
      "Auto",
      "99999999/9",
    ])
      expect(rejection(text), text).to.match(/^It must be I\/N, such as 2\/4 .* or auto\.$/);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^\d+\/\d+$|^auto$/.test(text));
        expect(rejection(text)).to.match(/^It must be I\/N/);
      }),
    );
  });

  for (const [name, index, count] of [
    ["a Kubernetes Indexed Job", "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"],
    ["an AWS Batch array job", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"],
  ] as const) {
    describe(`of ${name}`, () => {
      it("comes from its variables, which count from 0", () => {
        fc.assert(
          fc.property(parts, (part) => {
            const environment = { [index]: String(part.index), [count]: String(part.count) };
            expect(parsePart("auto", environment)).to.deep.equal(part);
            expect(parsePart("2/3", environment)).to.deep.equal({ index: 1, count: 3 });
          }),
        );
      });

      it("needs both variables", () => {
        expect(rejection("auto", { [index]: "0" })).to.include(`${index} is set, but ${count} isn't. `);
        expect(rejection("auto", { [index]: "0", [count]: "" })).to.include(`${count} isn't`);
        expect(rejection("auto", { [count]: "4" })).to.include(`${count} is set, but ${index} isn't`);
      });

      it("must exist", () => {
        for (const [first, second] of [
          ["4", "4"],
          ["-1", "4"],
          ["x", "4"],
          ["0", "0"],
          ["0", "10001"],
          ["1e0", "4"],
          ["0", " 4"],
        ] as const)
          expect(rejection("auto", { [index]: first, [count]: second }))
            .to.include(`${index} is ${JSON.stringify(first)} and ${count} is ${JSON.stringify(second)}`)
            .and.to.match(/from 0 to the count minus 1/);
      });
    });
  }

  it("is ambiguous if both schedulers name one, and unknown if none does", () => {
    const both = { JOB_COMPLETION_INDEX: "0", AWS_BATCH_JOB_ARRAY_INDEX: "0", AWS_BATCH_JOB_ARRAY_SIZE: "4" };
    expect(rejection("auto", both)).to.include(
      "a Kubernetes Indexed Job and of an AWS Batch array job: JOB_COMPLETION_INDEX, AWS_BATCH",
    );
    expect(rejection("auto"))
      .to.include("(JOB_COMPLETION_INDEX and JOB_COMPLETIONS)")
      .and.to.include("write I/N");
    expect(rejection("auto", { JOB_COMPLETION_INDEX: "" })).to.include("names no part");
  });
});

describe("The part of a name", () => {
  it("never changes", () => {
    const first32 = { acme: 0x822b33ad, "": 0xe3b0c442, müller: 0x2dbd2180 };
    for (const [name, bits] of Object.entries(first32))
      for (const count of [1, 2, 7, 10_000]) expect(partIndexOf(name, count)).to.equal(bits % count);
  });

  it("is one of the parts", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme-ascii" }),
        fc.integer({ min: 1, max: 10_000 }),
        (name, count) => {
          expect(partIndexOf(name, count)).to.be.within(0, count - 1);
          expect(partIndexOf(name, count)).to.equal(partIndexOf(name, count));
        },
      ),
    );
  });

  it("is spread evenly over similar names", () => {
    const sizes = [0, 0, 0, 0];
    for (let number = 0; number < 4_000; number += 1) {
      const part = partIndexOf(`customer-${number}`, 4);
      sizes[part] = (sizes[part] ?? 0) + 1;
    }
    // Four standard deviations of a binomial distribution.
    for (const size of sizes) expect(size).to.be.closeTo(1_000, 4 * Math.sqrt(750));
  });
});
