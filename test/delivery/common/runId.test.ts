import { expect } from "chai";
import fc from "fast-check";
import { SettingsError } from "../../../delivery/common/errors";
import { newRunKey, runIdFrom, runKeyOf, startedRunKey } from "../../../delivery/common/runId";

const LARGEST = 999_999_999_999_999;

describe("The run's key", () => {
  it("gives each event's number back from its partition key", () => {
    const bytes = fc.uint8Array({ minLength: 9, maxLength: 9 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: LARGEST }), (random, index) => {
        const key = newRunKey(() => random);
        const partitionKey = key.partitionKey(index);
        expect(key.indexOf(partitionKey)).to.equal(index);
        expect(partitionKey).to.match(/^amplitude-kinesis\.[\w-]{12}\.\d+$/);
        expect(partitionKey.length).to.be.at.most(48);
        expect(partitionKey).to.include(key.runId);
      }),
    );
  });

  it("gives the first one back too", () => {
    const key = newRunKey();
    expect([0, 9, 10].map((index) => key.indexOf(key.partitionKey(index)))).to.deep.equal([0, 9, 10]);
  });

  it("does not take another run's records for its own", () => {
    const [key, other] = [newRunKey(), newRunKey()];
    expect(key.runId).to.not.equal(other.runId);
    expect(key.indexOf(other.partitionKey(0))).to.equal(undefined);
  });

  const key = newRunKey(() => Buffer.alloc(9));
  const start = "amplitude-kinesis.AAAAAAAAAAAA.";
  const foreign = [
    undefined,
    "",
    "user-1",
    start,
    `${start}-1`,
    `${start}1.5`,
    `${start}1e3`,
    `${start}01`,
    `${start} 1`,
    `${start}1 `,
    `${start}1\n`,
    `${start}1.`,
    `${start}٣`,
    `${start}1000000000000000`,
    ` ${start}1`,
    start.toLowerCase().concat("1"),
    "amplitude-kinesis.AAAAAAAAAAAAA.1",
    "amplitude-kinesis.AAAAAAAAAAAA1",
  ];
  for (const partitionKey of foreign) {
    it(`does not take ${JSON.stringify(partitionKey)} for its own`, () => {
      expect(key.indexOf(partitionKey)).to.equal(undefined);
    });
  }

  it("takes no text for its own but what it gives", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const index = key.indexOf(start + text);
        if (index !== undefined) expect(key.partitionKey(index)).to.equal(start + text);
      }),
    );
  });
});

describe("The key of a part", () => {
  const parts = [0, 1, 2].map((index) => runKeyOf("AAAAAAAAAAAA", { index, count: 3 }));

  it("gives each event of the run a number, and its part", () => {
    const numbers = parts.flatMap((key) => [0, 1, 2, 3].map((index) => key.numberOf(index)));
    expect(numbers.sort((one, other) => one - other)).to.deep.equal(
      Array.from({ length: 12 }, (_, at) => at),
    );
    for (const [at, key] of parts.entries()) {
      for (const [other, owner] of parts.entries()) {
        const partitionKey = owner.partitionKey(5);
        expect(key.indexOf(partitionKey)).to.equal(at === other ? 5 : undefined);
        expect(key.isOfOtherPart(partitionKey)).to.equal(at !== other);
      }
    }
  });

  it("doesn't take foreign records for those of another part", () => {
    const [key = newRunKey()] = parts;
    for (const partitionKey of [
      undefined,
      "user-1",
      runKeyOf("BBBBBBBBBBBB").partitionKey(1),
      "amplitude-kinesis.AAAAAAAAAAAA.x",
    ])
      expect(key.isOfOtherPart(partitionKey), partitionKey).to.equal(false);
  });

  it("has the run's id, which it must be given", () => {
    const part = { index: 0, count: 2 };
    expect(startedRunKey({ runId: "AAAAAAAAAAAA", part }).runId).to.equal("AAAAAAAAAAAA");
    expect(startedRunKey({}).runId).to.match(/^[\w-]{12}$/);
    for (const runId of [undefined, "", "load-7", "AAAAAAAAAAAAA", "AAAAAAAAAAA."])
      expect(() => startedRunKey({ runId, part })).to.throw(
        SettingsError,
        "the same for all parts of the run",
      );
  });
});

describe("The id of a run", () => {
  it("is what it is called, or made of it", () => {
    expect(runIdFrom("Load-test_07")).to.equal("Load-test_07");
    expect(runIdFrom("load-7"))
      .to.match(/^[\w-]{12}$/)
      .and.to.equal(runIdFrom("load-7"));
    expect(runIdFrom("load-7")).not.to.equal(runIdFrom("load-8"));
  });
});
