import { expect } from "chai";
import fc from "fast-check";
import { newRunKey } from "../../../delivery/common/runId";

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
