import { expect } from "chai";
import { matches, parsePattern } from "../../../../sandbox/aws/pipes/eventPattern";

describe("the sandbox's event patterns", () => {
  const pattern = parsePattern('{"data":{"app":[{"anything-but":[100,200]},{"exists":false}]}}');
  const cases: [data: unknown, isMatch: boolean][] = [
    [{ app: 100 }, false],
    [{ app: 200.0 }, false],
    [{ app: 300 }, true],
    [{ app: "100" }, true],
    [{ app: null }, true],
    [{ app: true }, true],
    [{ app: {} }, true],
    [{ app: { id: 100 } }, true],
    [{ app: [] }, true],
    [{ app: [100] }, false],
    [{ app: [[100], 300] }, true],
    [{ event_type: "x" }, true],
    [[{ app: 100 }, { app: 300 }], true],
    [[{ app: 100 }, {}], false],
  ];
  for (const [data, isMatch] of cases) {
    it(`${isMatch ? "match" : "do not match"} ${JSON.stringify(data)}`, () =>
      expect(matches(pattern, { data })).to.equal(isMatch));
  }

  it("require every field, by one of its conditions", () => {
    const both = parsePattern('{"partitionKey":["a","b"],"data":{"app":[{"exists":true}]}}');
    expect(matches(both, { partitionKey: "b", data: { app: 1 } })).to.equal(true);
    expect(matches(both, { partitionKey: "c", data: { app: 1 } })).to.equal(false);
    expect(matches(both, { partitionKey: "a", data: {} })).to.equal(false);
  });

  const refused = [
    "[]",
    "{",
    "{}",
    '{"data":5}',
    '{"data":[]}',
    '{"data":[{"prefix":"a"}]}',
    '{"data":[{"numeric":["<",5]}]}',
    '{"data":[{"anything-but":{"prefix":"a"}}]}',
    '{"data":[{"anything-but":[1,"a"]}]}',
    '{"data":[{"exists":"no"}]}',
    '{"data":[{"exists":true,"prefix":"a"}]}',
  ];
  for (const text of refused) {
    it(`are refused if they can't be evaluated: ${text}`, () =>
      expect(() => parsePattern(text)).to.throw(Error));
  }
});
