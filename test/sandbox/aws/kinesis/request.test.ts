import { expect } from "chai";
import { IssuedTokens } from "../../../../sandbox/aws/kinesis/request";

describe("the iterators that the sandbox has issued", () => {
  it("are mapped to their streams, up to a capacity", () => {
    const tokens = new IssuedTokens(2);
    for (const token of ["a", "b", "c"]) tokens.remember(token, `stream-of-${token}`);
    expect(["a", "b", "c"].map((token) => tokens.streamOf(token))).to.deep.equal([
      undefined,
      "stream-of-b",
      "stream-of-c",
    ]);
  });
});
