import { expect } from "chai";
import { checkTrustBreadth } from "../../../delivery/deployment/trust";

const ROLE = "arn:aws:iam::111122223333:role/writer";
const MEANT = {
  amplitudeAccountId: "358203115967",
  testPrincipalArns: ["arn:aws:iam::111122223333:role/tester"],
};

describe("The principals that a trust policy lets in besides Amplitude", () => {
  const found = (...statements: object[]) =>
    checkTrustBreadth(JSON.stringify({ Statement: statements }), ROLE, MEANT).map(({ code, message }) => [
      code,
      message,
    ]);
  const letting = (Principal: unknown, more: object = {}) => ({
    Effect: "Allow",
    Principal,
    Action: "sts:AssumeRole",
    ...more,
  });

  for (const arn of [
    "358203115967",
    "arn:aws:iam::358203115967:root",
    "arn:aws:iam::358203115967:role/export",
    ...MEANT.testPrincipalArns,
  ]) {
    it(`don't include ${arn}`, () => {
      expect(found(letting({ AWS: arn }))).to.deep.equal([]);
    });
  }

  const others: [principal: unknown, told: string, more?: object][] = [
    [{ AWS: ["358203115967", "444455556666"] }, "444455556666"],
    [{ Service: "lambda.amazonaws.com" }, "lambda.amazonaws.com (Service)"],
    [{ Federated: "arn:aws:iam::111122223333:saml-provider/okta" }, "okta (Federated)"],
    ["*", "* under a condition", { Condition: { StringEquals: { "sts:ExternalId": "x" } } }],
  ];
  for (const [principal, told, more] of others) {
    it(`reports ${told}`, () => {
      const [[code, message] = []] = found(letting(principal, more));
      expect(code).to.equal("others-trusted");
      expect(message).to.include(told);
    });
  }

  it("never says that a deleted role or user can write", () => {
    const [[code, message] = [], ...others] = found(letting({ AWS: ["AROAEXAMPLE123", "358203115967"] }));
    expect(others).to.deep.equal([]);
    expect(code).to.equal("deleted-principal");
    expect(message).to.match(/AROAEXAMPLE123, a role or user that was deleted. That lets nobody in/);
  });

  it("leave `*` without a condition to the finding anyone-trusted", () => {
    expect(found(letting("*"))).to.deep.equal([]);
  });

  it("reports NotPrincipal, and actions besides sts:AssumeRole", () => {
    const codes = found(
      { Effect: "Allow", NotPrincipal: { AWS: "444455556666" }, Action: "sts:AssumeRole" },
      letting({ AWS: "358203115967" }, { Action: "sts:*" }),
    ).map(([code]) => code);
    expect(codes).to.deep.equal(["others-trusted", "trust-too-broad"]);
  });

  it("ignores a Deny, and an action that assumes nothing", () => {
    expect(found({ ...letting("*"), Effect: "Deny" })).to.deep.equal([]);
  });
});
