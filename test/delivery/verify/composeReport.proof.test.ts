import { expect } from "chai";
import type { FindingCode, Verdict } from "../../../delivery/common/findings";
import type { Route } from "../../../delivery/deployment/route";
import { proofOf } from "../../../delivery/verify/composeReport";

const AMPLITUDE = "358203115967";

function proof(
  route: Route,
  senderAccount: string,
  codes: FindingCode[] = [],
  verdict: Verdict = "verified",
) {
  const sender = { accountId: senderAccount, arn: `arn:aws:iam::${senderAccount}:user/ann` };
  const findings = codes.map((code) => ({
    code,
    severity: "warning" as const,
    message: "",
    where: "",
    remedy: "",
  }));
  const before = { route, findings, operatorIdentity: sender, senderIdentity: sender };
  return proofOf(before, { accountId: AMPLITUDE }, verdict);
}

const TRUST = `the trust policy lets Amplitude's account ${AMPLITUDE} assume the role`;

describe("What a verified run proves", () => {
  it("by the operator's own hand leaves open whether the role works", () => {
    const { proves, notProven } = proof("operator", "111122223333");
    expect(proves.join()).to.include("simulator").and.include(TRUST);
    expect(notProven[0]).to.include("can really be assumed");
  });

  it("by the role includes what its trust policy says", () => {
    const { proves, notProven } = proof("role", "111122223333");
    expect(proves).to.include(TRUST);
    expect(proves[0]).to.include("arn:aws:iam::111122223333:user/ann can assume the role");
    expect(notProven).to.have.length(1);
  });

  it("by the role does not include a trust policy that could not be read", () => {
    const { proves, notProven } = proof("role", "111122223333", ["role-not-readable"]);
    expect(proves).to.not.include(TRUST);
    expect(notProven).to.include(`that ${TRUST}`);
  });

  it("by the role, from Amplitude's own account, needs no trust policy to say so", () => {
    for (const codes of [[], ["role-not-readable"]] as FindingCode[][]) {
      const { proves, notProven } = proof("role", AMPLITUDE, codes);
      expect(proves).to.not.include(TRUST);
      expect(notProven).to.not.include(`that ${TRUST}`);
    }
  });

  it("is nothing if it is not verified", () => {
    for (const verdict of ["failed", "undecided"] as const) {
      expect(proof("role", "111122223333", [], verdict).proves).to.deep.equal([]);
    }
  });

  it("never includes that Amplitude sends", () => {
    for (const route of ["role", "operator"] as const) {
      expect(proof(route, AMPLITUDE).notProven.at(-1)).to.include("Amplitude is set up");
    }
  });
});
