import { expect } from "chai";
import fc from "fast-check";
import { excessOf } from "../../../delivery/deployment/role";

const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/events";
const ROLE = "arn:aws:iam::111122223333:role/writer";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/1";
const NEEDED = { streamArn: STREAM, roleArn: ROLE };
const CONTRACT = ["kinesis:PutRecord", "kinesis:PutRecords", "iam:SimulatePrincipalPolicy"];

const documentOf = (...statements: object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allowing = (Action: unknown, Resource: unknown, more = {}) => ({
  Effect: "Allow",
  Action,
  Resource,
  ...more,
});
const viaKinesis = { Condition: { StringEquals: { "kms:ViaService": "kinesis.us-east-1.amazonaws.com" } } };

describe("What a policy allows beyond the contract", () => {
  it("is nothing for any of the contract's actions on stream and role, however it is written", () => {
    const actions = fc.subarray(CONTRACT, { minLength: 1 });
    const resources = fc.subarray([STREAM, ROLE], { minLength: 1 });
    fc.assert(
      fc.property(actions, resources, fc.boolean(), (some, on, upper) => {
        const written = upper ? some.map((action) => action.toUpperCase()) : some;
        const Action = written.length === 1 ? written[0] : written;
        const Resource = on.length === 1 ? on[0] : on;
        expect(excessOf(documentOf(allowing(Action, Resource)), NEEDED)).to.deep.equal([]);
      }),
    );
  });

  it("is every other action, on every other resource", () => {
    const other = fc.constantFrom(
      "s3:GetObject",
      "kinesis:*",
      "*",
      "kinesis:PutRecord*",
      "kinesis:GetRecords",
    );
    const elsewhere = fc.constantFrom(
      "*",
      `${STREAM}2`,
      `${STREAM}*`,
      "arn:aws:kinesis:*:111122223333:stream/events",
    );
    fc.assert(
      fc.property(other, (action) => {
        expect(excessOf(documentOf(allowing(action, STREAM)), NEEDED)).to.deep.equal([
          `${action} on ${STREAM}`,
        ]);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...CONTRACT), elsewhere, (action, resource) => {
        expect(excessOf(documentOf(allowing(action, [STREAM, resource])), NEEDED)).to.deep.equal([
          `${action} on ${resource}`,
        ]);
      }),
    );
  });

  const cases: [what: string, statement: object, excess: string[], kmsKeyId?: string][] = [
    ["a Deny", { Effect: "Deny", Action: "*", Resource: "*" }, []],
    [
      "NotAction",
      { Effect: "Allow", NotAction: "iam:*", Resource: STREAM },
      [`everything but iam:* on ${STREAM}`],
    ],
    [
      "NotResource",
      { Effect: "Allow", Action: "kinesis:PutRecord", NotResource: ROLE },
      [`kinesis:PutRecord on all but ${ROLE}`],
    ],
    ["the stream's key, for Kinesis", allowing("kms:GenerateDataKey", KEY, viaKinesis), [], KEY],
    [
      "the stream's key, for anything",
      allowing("kms:GenerateDataKey", KEY),
      [`kms:GenerateDataKey on ${KEY} without the condition kms:ViaService`],
      KEY,
    ],
    [
      "a key that is not the stream's",
      allowing("kms:GenerateDataKey", `${KEY}2`, viaKinesis),
      [`kms:GenerateDataKey on ${KEY}2`],
      KEY,
    ],
    [
      "one key, where the stream names it by an alias",
      allowing("kms:GenerateDataKey", KEY, viaKinesis),
      [],
      "alias/own",
    ],
    [
      "any key, where the stream names it by an alias",
      allowing("kms:GenerateDataKey", "*", viaKinesis),
      ["kms:GenerateDataKey on *"],
      "alias/own",
    ],
    [
      "a key, where the stream needs none",
      allowing("kms:GenerateDataKey", KEY, viaKinesis),
      [`kms:GenerateDataKey on ${KEY}`],
    ],
  ];
  for (const [what, statement, excess, kmsKeyId] of cases) {
    it(`is ${excess.length === 0 ? "nothing" : "told"} for ${what}`, () => {
      expect(excessOf(documentOf(statement), { ...NEEDED, kmsKeyId })).to.deep.equal(excess);
    });
  }

  it("can't be told of what is no policy document", () => {
    expect(excessOf("", NEEDED)).to.have.length(1);
  });
});
