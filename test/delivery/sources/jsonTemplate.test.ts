import { expect } from "chai";
import fc from "fast-check";
import { JsonTemplate } from "../../../delivery/sources/jsonTemplate";

const written = (template: JsonTemplate, values: Parameters<JsonTemplate["write"]>[2]): string => {
  const memory = Buffer.alloc(1_000);
  return memory.toString("utf8", 3, template.write(memory, 3, values));
};

describe("A JSON template", () => {
  it("is JSON.stringify of the sample with other values for the members that change", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ab Z~{}:,.-_@0") });
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.maxSafeInteger(),
      fc.integer(),
    );
    const value = fc.oneof(text, number, fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(value, value, fc.jsonValue(), (first, last, between) => {
        const template = new JsonTemplate({ first: "", between, last: 0 }, ["first", "last"]);
        expect(written(template, [first, last])).to.equal(JSON.stringify({ first, between, last }));
      }),
    );
  });

  it("takes encoded bytes and other templates for values", () => {
    const inner = new JsonTemplate({ name: "日本", at: 0 }, ["at"]);
    const outer = new JsonTemplate({ a: 1, inner: {}, bytes: {} }, ["inner", "bytes"]);
    const values = [{ template: inner, values: [5_000_000_000] }, Buffer.from('{"é":[]}')];
    expect(written(outer, values)).to.equal(
      '{"a":1,"inner":{"name":"日本","at":5000000000},"bytes":{"é":[]}}',
    );
  });

  it("leaves members of the same name alone that lie deeper", () => {
    const template = new JsonTemplate({ at: 1, deep: { at: 2 } }, ["at"]);
    expect(written(template, [3])).to.equal('{"at":3,"deep":{"at":2}}');
  });
});
