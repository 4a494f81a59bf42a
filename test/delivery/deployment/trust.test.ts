import { expect } from "chai";
import fc from "fast-check";
import { decideTrust, namesCaller, type TrustDecision } from "../../../delivery/deployment/trust";

const AMPLITUDE = "358203115967";
const OTHER = "111122223333";
const ROOT = `arn:aws:iam::${AMPLITUDE}:root`;
const OTHER_ROOT = `arn:aws:iam::${OTHER}:root`;

const ALLOW = { Effect: "Allow", Principal: { AWS: ROOT }, Action: "sts:AssumeRole" };
const DENY = { ...ALLOW, Effect: "Deny" };

function document(...Statement: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

function decide(text: string, externalId?: string): TrustDecision {
  return decideTrust(text, { accountId: AMPLITUDE, externalId });
}

interface Case {
  why: string;
  statements: object[];
  externalId?: string;
  kind: TrustDecision["kind"];
  reason?: string;
}

const demanding = (operator: string, id: unknown, key = "sts:ExternalId") => ({
  ...ALLOW,
  Condition: { [operator]: { [key]: id } },
});

const CASES: Case[] = [
  { why: "the vendor's own document", statements: [ALLOW], kind: "trusted" },
  {
    why: "the account by its id",
    statements: [{ ...ALLOW, Principal: { AWS: AMPLITUDE } }],
    kind: "trusted",
  },
  {
    why: "the account in a list",
    statements: [{ ...ALLOW, Principal: { AWS: [OTHER_ROOT, ROOT] } }],
    kind: "trusted",
  },
  { why: "everybody as a string", statements: [{ ...ALLOW, Principal: "*" }], kind: "trusted" },
  { why: "everybody of AWS", statements: [{ ...ALLOW, Principal: { AWS: "*" } }], kind: "trusted" },
  {
    why: "another account",
    statements: [{ ...ALLOW, Principal: { AWS: OTHER_ROOT } }],
    kind: "not-trusted",
    reason: `the trust policy names ${OTHER_ROOT}, and not ${ROOT}`,
  },
  {
    why: "an account whose id begins with the same digits",
    statements: [{ ...ALLOW, Principal: { AWS: `${ROOT.slice(0, -5)}0:root` } }],
    kind: "not-trusted",
  },
  {
    why: "only a service",
    statements: [{ ...ALLOW, Principal: { Service: "firehose.amazonaws.com" } }],
    kind: "not-trusted",
    reason: `the trust policy names no AWS principal, and not ${ROOT}`,
  },
  {
    why: "a service next to the account",
    statements: [{ ...ALLOW, Principal: { Service: "firehose.amazonaws.com", AWS: ROOT } }],
    kind: "trusted",
  },
  {
    why: "one role of the account",
    statements: [{ ...ALLOW, Principal: { AWS: `arn:aws:iam::${AMPLITUDE}:role/k8s_prod_cargo` } }],
    kind: "undetermined",
    reason: "the trust policy names single principals of the account, or uses NotAction or NotPrincipal",
  },
  {
    why: "a single session of the account",
    statements: [{ ...ALLOW, Principal: { AWS: `arn:aws:sts::${AMPLITUDE}:assumed-role/cargo/one` } }],
    kind: "undetermined",
  },
  {
    why: "a single role of another account",
    statements: [{ ...ALLOW, Principal: { AWS: `arn:aws:iam::${OTHER}:role/k8s_prod_cargo` } }],
    kind: "not-trusted",
  },
  { why: "no principal", statements: [{ Effect: "Allow", Action: "sts:AssumeRole" }], kind: "not-trusted" },
  {
    why: "everyone except another account",
    statements: [{ Effect: "Allow", NotPrincipal: { AWS: OTHER_ROOT }, Action: "sts:AssumeRole" }],
    kind: "undetermined",
  },
  { why: "all actions of STS", statements: [{ ...ALLOW, Action: "sts:*" }], kind: "trusted" },
  { why: "all actions", statements: [{ ...ALLOW, Action: "*" }], kind: "trusted" },
  {
    why: "the action in other letters",
    statements: [{ ...ALLOW, Action: "STS:assumerole" }],
    kind: "trusted",
  },
  { why: "a part of the action's name", statements: [{ ...ALLOW, Action: "sts:Assume*" }], kind: "trusted" },
  {
    why: "a letter of the action left open",
    statements: [{ ...ALLOW, Action: "sts:AssumeRol?" }],
    kind: "trusted",
  },
  {
    why: "the action in a list",
    statements: [{ ...ALLOW, Action: ["sts:TagSession", "sts:AssumeRole"] }],
    kind: "trusted",
  },
  {
    why: "another action",
    statements: [{ ...ALLOW, Action: "sts:AssumeRoleWithSAML" }],
    kind: "not-trusted",
    reason: "no statement of the trust policy allows sts:AssumeRole",
  },
  {
    why: "an action that a dot would match in a regular expression",
    statements: [{ ...ALLOW, Action: "sts.AssumeRole" }],
    kind: "not-trusted",
  },
  {
    why: "a beginning of the action's name",
    statements: [{ ...ALLOW, Action: "sts:Assume" }],
    kind: "not-trusted",
  },
  { why: "no action", statements: [{ Effect: "Allow", Principal: { AWS: ROOT } }], kind: "not-trusted" },
  {
    why: "all but another action",
    statements: [{ Effect: "Allow", Principal: { AWS: ROOT }, NotAction: "iam:GetRole" }],
    kind: "undetermined",
  },
  {
    why: "a denial next to the permission",
    statements: [ALLOW, DENY],
    kind: "not-trusted",
    reason: `a Deny statement of the trust policy covers account ${AMPLITUDE}`,
  },
  {
    why: "a denial of everybody",
    statements: [{ ...DENY, Principal: "*", Action: "*" }, ALLOW],
    kind: "not-trusted",
  },
  {
    why: "a denial of another account",
    statements: [ALLOW, { ...DENY, Principal: { AWS: OTHER_ROOT } }],
    kind: "trusted",
  },
  {
    why: "a denial of another action",
    statements: [ALLOW, { ...DENY, Action: "sts:TagSession" }],
    kind: "trusted",
  },
  {
    why: "a denial with a condition",
    statements: [ALLOW, { ...DENY, Condition: { Bool: { "aws:SecureTransport": "false" } } }],
    kind: "undetermined",
    reason: "a Deny statement of the trust policy may apply",
  },
  {
    why: "a denial of all but another account",
    statements: [ALLOW, { Effect: "Deny", NotPrincipal: { AWS: OTHER_ROOT }, Action: "sts:AssumeRole" }],
    kind: "undetermined",
  },
  {
    why: "a denial of one role of the account",
    statements: [ALLOW, { ...DENY, Principal: { AWS: `arn:aws:iam::${AMPLITUDE}:role/one` } }],
    kind: "undetermined",
  },
  {
    why: "a denial that may not apply, of what nothing allows",
    statements: [{ ...DENY, Condition: { Bool: { "aws:SecureTransport": "false" } } }],
    kind: "not-trusted",
  },
  {
    why: "a denial that may not apply, then a certain one",
    statements: [ALLOW, { ...DENY, Condition: { Bool: { "aws:SecureTransport": "false" } } }, DENY],
    kind: "not-trusted",
  },
  { why: "neither Allow nor Deny", statements: [{ ...ALLOW, Effect: "allow" }], kind: "not-trusted" },
  {
    why: "an external id, which Amplitude's form has no field for",
    statements: [demanding("StringEquals", "secret-id")],
    kind: "not-trusted",
    reason:
      "the trust policy demands an external id (sts:ExternalId), for which Amplitude's form has no field",
  },
  {
    why: "the external id that is given",
    statements: [demanding("StringEquals", "secret-id")],
    externalId: "secret-id",
    kind: "trusted",
  },
  {
    why: "the external id that is given, in a list, its key in other letters",
    statements: [demanding("StringEquals", ["other", "secret-id"], "STS:externalid")],
    externalId: "secret-id",
    kind: "trusted",
  },
  {
    why: "another external id than the one given",
    statements: [demanding("StringEquals", "secret-id")],
    externalId: "wrong",
    kind: "not-trusted",
    reason: "the trust policy demands another external id than the one given",
  },
  {
    why: "an external id if there is one",
    statements: [demanding("StringEqualsIfExists", "x")],
    kind: "trusted",
  },
  {
    why: "a pattern of the external id",
    statements: [demanding("StringLike", "amp-*")],
    externalId: "amp-1",
    kind: "undetermined",
  },
  {
    why: "a principal with a policy variable, which only AWS can replace",
    statements: [
      demanding("ArnLike", `arn:aws:iam::\${aws:PrincipalAccount}:role/cargo`, "aws:PrincipalArn"),
    ],
    kind: "undetermined",
    reason: "the trust policy has conditions on aws:principalarn",
  },
  {
    why: "an external id with a policy variable",
    statements: [demanding("StringEquals", `\${aws:PrincipalAccount}`)],
    externalId: "secret-id",
    kind: "undetermined",
  },
  {
    why: "a condition on something else",
    statements: [demanding("StringEquals", "o-123", "aws:PrincipalOrgID")],
    kind: "undetermined",
    reason: "the trust policy has conditions on aws:principalorgid",
  },
  {
    why: "the external id that is given, and something else",
    statements: [
      {
        ...ALLOW,
        Condition: {
          StringEquals: { "sts:ExternalId": "secret-id" },
          IpAddress: { "aws:SourceIp": "192.0.2.0/24" },
        },
      },
    ],
    externalId: "secret-id",
    kind: "undetermined",
    reason: "the trust policy has conditions on aws:sourceip",
  },
  { why: "an empty condition", statements: [{ ...ALLOW, Condition: {} }], kind: "trusted" },
  {
    why: "one statement that lets it in next to one that can't be decided and one that demands an external id",
    statements: [
      demanding("StringEquals", "secret-id"),
      demanding("StringLike", "x", "aws:PrincipalArn"),
      ALLOW,
    ],
    kind: "trusted",
  },
  {
    why: "one statement that can't be decided next to one that demands an external id",
    statements: [demanding("StringEquals", "secret-id"), demanding("StringLike", "x", "aws:PrincipalArn")],
    kind: "undetermined",
  },
  {
    why: "two statements of which the second names the account",
    statements: [{ ...ALLOW, Principal: { AWS: OTHER_ROOT } }, ALLOW],
    kind: "trusted",
  },
  { why: "no statement", statements: [], kind: "not-trusted" },
];

describe("A trust policy", () => {
  for (const { why, statements, externalId, kind, reason } of CASES) {
    it(`with ${why} is ${kind}`, () => {
      const decision = decide(document(...statements), externalId);
      expect(decision.kind).to.equal(kind);
      if (reason !== undefined) expect(decision).to.deep.equal({ kind, reason });
    });
  }

  it("may have one statement that is not in a list", () => {
    expect(decide(JSON.stringify({ Statement: ALLOW })).kind).to.equal("trusted");
  });

  it("may name the very principals that call", () => {
    const principalArns = ["arn:aws:iam::358203115967:role/a"];
    const named = (...arns: string[]) => document({ ...ALLOW, Principal: { AWS: arns } });
    const kindOf = (text: string) => decideTrust(text, { accountId: "358203115967", principalArns }).kind;
    expect(kindOf(named("arn:aws:iam::358203115967:role/a", "arn:aws:iam::111122223333:role/x"))).to.equal(
      "trusted",
    );
    expect(kindOf(named("arn:aws:iam::358203115967:role/b"))).to.equal("undetermined");
    expect(kindOf(named("arn:aws:iam::111122223333:role/a"))).to.equal("not-trusted");
  });

  describe("with principals of Amplitude that are known", () => {
    const [A, B] = [`arn:aws:iam::${AMPLITUDE}:role/a`, `arn:aws:iam::${AMPLITUDE}:role/b`];
    const letting = (AWS: unknown, more: object = {}) => ({ ...ALLOW, Principal: { AWS }, ...more });
    const likePrincipal = (arn: string) => ({ Condition: { ArnEquals: { "aws:PrincipalArn": arn } } });
    const cases: [why: string, statements: object[], kind: TrustDecision["kind"], reason?: RegExp][] = [
      ["trusts both in one list", [letting([A, B])], "trusted"],
      ["trusts each in a statement", [letting(A), letting(B)], "trusted"],
      ["trusts each by a condition", [A, B].map((arn) => letting(ROOT, likePrincipal(arn))), "trusted"],
      ["trusts only one", [letting(A)], "undetermined", /may not let in .*role\/b/],
      ["trusts only one by a condition", [letting(ROOT, likePrincipal(A))], "undetermined", /role\/b/],
      [
        "denies both by name",
        [ALLOW, { ...letting([A, B]), Effect: "Deny" }],
        "not-trusted",
        /covers .*role\/a/,
      ],
      ["denies one by name", [ALLOW, { ...letting(A), Effect: "Deny" }], "undetermined"],
      ["trusts only a deleted principal", [letting("AROAEXAMPLE1234")], "not-trusted", /AROAEXAMPLE1234/],
      ["trusts only a session", [letting(`arn:aws:sts::${AMPLITUDE}:assumed-role/a/s`)], "undetermined"],
    ];
    for (const [why, statements, kind, reason = /^/] of cases) {
      it(`is ${kind} if it ${why}`, () => {
        const caller = { accountId: AMPLITUDE, principalArns: [A, B] };
        const decision = decideTrust(document(...statements), caller);
        expect(decision.kind).to.equal(kind);
        expect("reason" in decision ? decision.reason : "").to.match(reason);
      });
    }
  });

  for (const text of ["", "not JSON", "null", '{"Statement": [']) {
    it(`that reads ${JSON.stringify(text)} is undetermined`, () => {
      expect(decide(text)).to.deep.equal({
        kind: "undetermined",
        reason: "the trust policy is not a JSON policy document",
      });
    });
  }

  for (const text of ["{}", '{"Statement": null}', '{"Statement": ["Allow", 5, null]}']) {
    it(`that reads ${text} lets nobody in`, () => {
      expect(decide(text).kind).to.equal("not-trusted");
    });
  }

  it("is decided for any account", () => {
    expect(decideTrust(document(ALLOW), { accountId: OTHER }).kind).to.equal("not-trusted");
    const forOther = document({ ...ALLOW, Principal: { AWS: OTHER_ROOT } });
    expect(decideTrust(forOther, { accountId: OTHER }).kind).to.equal("trusted");
  });

  it("never throws, and trusts nothing that does not mention the account or everybody", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { kind } = decide(text);
        expect(kind).to.be.oneOf(["not-trusted", "undetermined"]);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom(...Object.keys(DENY), "Condition"), fc.anything())),
        (s) => {
          decide(JSON.stringify({ Statement: s }, (_, value) => (typeof value === "bigint" ? 0 : value)));
        },
      ),
    );
  });
});

describe("The caller is named by a trust policy", () => {
  const role = (name: string) => `arn:aws:iam::${OTHER}:role/${name}`;
  const session = `arn:aws:sts::${OTHER}:assumed-role/operator/me@example.com`;
  const user = `arn:aws:iam::${OTHER}:user/ann`;
  const cases: { caller: string; principal: unknown; named: boolean; why: string }[] = [
    { caller: user, principal: { AWS: user }, named: true, why: "as a user by its own ARN" },
    { caller: user, principal: { AWS: OTHER_ROOT }, named: true, why: "by the root of its account" },
    { caller: user, principal: { AWS: OTHER }, named: true, why: "by its account's id" },
    { caller: user, principal: "*", named: true, why: "as everybody" },
    {
      caller: session,
      principal: { AWS: OTHER_ROOT },
      named: true,
      why: "as a session by the root of its account",
    },
    { caller: session, principal: { AWS: session }, named: true, why: "as this session" },
    { caller: session, principal: { AWS: role("operator") }, named: true, why: "as a session by its role" },
    {
      caller: session,
      principal: { AWS: role("aws-reserved/sso.amazonaws.com/eu-central-1/operator") },
      named: true,
      why: "as a session by its role with a path",
    },
    { caller: session, principal: { AWS: [role("other"), role("operator")] }, named: true, why: "in a list" },
    { caller: session, principal: { AWS: role("other") }, named: false, why: "by another role" },
    {
      caller: session,
      principal: { AWS: role("operators") },
      named: false,
      why: "by a role whose name goes on",
    },
    {
      caller: session,
      principal: { AWS: role("cooperator") },
      named: false,
      why: "by a role whose name ends so",
    },
    {
      caller: session,
      principal: { AWS: `arn:aws:iam::${AMPLITUDE}:role/operator` },
      named: false,
      why: "by another account's role of that name",
    },
    {
      caller: session,
      principal: { AWS: `arn:aws:iam::${OTHER}:user/operator` },
      named: false,
      why: "by a user of the role's name",
    },
    { caller: user, principal: { AWS: role("ann") }, named: false, why: "by a role of the user's name" },
    { caller: user, principal: { AWS: ROOT }, named: false, why: "by another account" },
    { caller: user, principal: { Service: "ec2.amazonaws.com" }, named: false, why: "by a service" },
  ];
  for (const { caller, principal, named, why } of cases) {
    it(`${why}: ${named ? "yes" : "no"}`, () => {
      expect(namesCaller(document({ ...ALLOW, Principal: principal }), caller)).to.equal(named);
    });
  }

  it("not by a denial", () => {
    expect(namesCaller(document({ ...DENY, Principal: { AWS: user } }), user)).to.equal(false);
  });

  it("not by a document that can't be read", () => {
    expect(namesCaller("", user)).to.equal(false);
  });
});
