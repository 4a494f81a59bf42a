import { expect } from "chai";
import fc from "fast-check";
import { Encoded } from "../../../delivery/sources/json";
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

  it("is so where some of them are always as wide as in the sample, wherever they lie", () => {
    const fixed = fc.integer({ min: 100, max: 999 });
    const members = fc.array(
      fc.tuple(fc.constantFrom("fixed", "changing", "constant"), fixed, fc.nat(), fixed),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(members, (kinds) => {
        const named = (kind: string) => kinds.flatMap(([of], at) => (of === kind ? [`m${at}`] : []));
        const objectOf = (value: (of: (typeof kinds)[number]) => number) =>
          Object.fromEntries(kinds.map((of, at) => [`m${at}`, value(of)]));
        const sample = objectOf(([, one]) => one);
        const other = objectOf(([kind, one, any, another]) =>
          kind === "constant" ? one : kind === "fixed" ? another : any,
        );
        const changing = kinds.flatMap(([kind], at) => (kind === "constant" ? [] : [`m${at}`]));
        const template = new JsonTemplate(sample, changing, named("fixed"));
        expect(
          written(
            template,
            changing.map((name) => other[name] ?? 0),
          ),
        ).to.equal(JSON.stringify(other));
      }),
    );
  });

  it("takes what writes its own JSON for values", () => {
    const template = new JsonTemplate({ a: 1, inner: {}, at: 0 }, ["inner", "at"]);
    expect(written(template, [new Encoded({ é: ["日本"] }), 5_000_000_000])).to.equal(
      '{"a":1,"inner":{"é":["日本"]},"at":5000000000}',
    );
  });

  it("writes every number as JSON.stringify does: decimals, those beside them, and the largest", () => {
    const decimals = fc
      .tuple(fc.integer({ min: -1e15, max: 1e15 }), fc.constantFrom(1, 8, 10, 100, 1_000, 10_000))
      .map(([whole, parts]) => whole / parts);
    const beside = fc.tuple(decimals, fc.constantFrom(1 - Number.EPSILON, 1 + Number.EPSILON));
    const number = fc.oneof(
      decimals,
      beside.map(([one, factor]) => one * factor),
      fc.double({ min: 0, max: 1e-2, noNaN: true }),
      fc.constantFrom(-0, 0, 0.001, 0.0005, 999_999_999_999.999, 2 ** 53, 2 ** 53 - 1, 1e21, 9_999_999, 1e7),
    );
    const template = new JsonTemplate({ at: 0 }, ["at"]);
    fc.assert(
      fc.property(number, (at) => {
        expect(written(template, [at])).to.equal(JSON.stringify({ at }));
      }),
      { numRuns: 5_000 },
    );
  });

  it("leaves members of the same name alone that lie deeper", () => {
    const template = new JsonTemplate({ at: 1, deep: { at: 2 } }, ["at"]);
    expect(written(template, [3])).to.equal('{"at":3,"deep":{"at":2}}');
  });
});
