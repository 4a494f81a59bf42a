import { expect } from "chai";
import { checkPermissions, type PermissionsCheck } from "../../../delivery/deployment/permissions";
import type { StreamState } from "../../../delivery/deployment/stream";
import { type FakeAnswer, type FakeCall, fakeIam, xml, xmlError } from "../aws/fakeAws";

const ROLE_ARN = "arn:aws:iam::111122223333:role/writer";
const STREAM: StreamState = {
  streamArn: "arn:aws:kinesis:eu-central-1:111122223333:stream/events",
  largestRecordBytes: 1024 * 1024,
  serviceTime: 0,
  clockOffsetMs: 0,
};
const KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/abc";

function actionsOf({ input }: FakeCall): string[] {
  return Object.entries(input)
    .filter(([name]) => name.startsWith("ActionNames.member."))
    .map(([, action]) => String(action));
}

function decision(action: string, decided: string, more = ""): string {
  return `<member><EvalActionName>${action}</EvalActionName><EvalDecision>${decided}</EvalDecision>${more}</member>`;
}

/** The context keys that a call gives, with their values. */
function contextOf(call: FakeCall | undefined): Record<string, unknown> {
  const input = call?.input ?? {};
  const places = Object.keys(input).filter((name) => name.endsWith(".ContextKeyName"));
  return Object.fromEntries(
    places.map((place) => [
      input[place],
      input[place.replace("ContextKeyName", "ContextKeyValues.member.1")],
    ]),
  );
}

/** AWS's simulator, which allows all but what the map says. */
function simulator(
  decisions: Record<string, { decided: string; more?: string }> = {},
  calls: FakeCall[] = [],
) {
  return fakeIam((call) => {
    calls.push(call);
    const members = actionsOf(call).map((action) => {
      const { decided, more } = decisions[action] ?? { decided: "allowed" };
      return decision(action, decided, more);
    });
    return xml("SimulatePrincipalPolicy", `<EvaluationResults>${members.join("")}</EvaluationResults>`);
  });
}

function check(
  client: ReturnType<typeof fakeIam>,
  { stream = STREAM, asker = "role" as "role" | "operator" } = {},
): Promise<PermissionsCheck> {
  return checkPermissions(client, ROLE_ARN, stream, asker);
}

describe("Checking the role's permissions", () => {
  it("finds nothing if everything is allowed", async () => {
    expect(await check(simulator())).to.deep.equal({ findings: [], simulated: true });
  });

  it("simulates one resource per call: writing to the stream, and simulating the role", async () => {
    const calls: FakeCall[] = [];
    await check(simulator({}, calls));
    expect(calls.map((call) => [actionsOf(call), call.input["ResourceArns.member.1"]])).to.deep.equal([
      [["kinesis:PutRecord", "kinesis:PutRecords"], STREAM.streamArn],
      [["iam:SimulatePrincipalPolicy"], ROLE_ARN],
    ]);
    for (const { input } of calls) {
      expect(input.PolicySourceArn).to.equal(ROLE_ARN);
      expect(input).to.not.have.property("ResourceArns.member.2");
    }
  });

  it("simulates a customer managed key as Kinesis uses it for this stream", async () => {
    const calls: FakeCall[] = [];
    await check(simulator({}, calls), { stream: { ...STREAM, kmsKeyId: KEY_ARN }, asker: "operator" });
    expect(calls).to.have.length(3);
    expect(calls[2]?.input).to.include({
      "ActionNames.member.1": "kms:GenerateDataKey",
      "ResourceArns.member.1": KEY_ARN,
    });
    expect(contextOf(calls[2])).to.include({
      "kms:ViaService": "kinesis.eu-central-1.amazonaws.com",
      "kms:EncryptionContext:aws:kinesis:arn": STREAM.streamArn,
    });
  });

  for (const kmsKeyId of [KEY_ARN.replace("111122223333", "444455556666"), "alias/custom", "1234abcd-12ab"]) {
    it(`can't ask about the key ${kmsKeyId}, and says so to an operator`, async () => {
      const calls: FakeCall[] = [];
      const { findings } = await check(simulator({}, calls), {
        stream: { ...STREAM, kmsKeyId },
        asker: "operator",
      });
      expect(calls).to.have.length(2);
      expect(findings.map(({ code, severity }) => [code, severity])).to.deep.equal([
        ["permissions-undetermined", "undetermined"],
      ]);
    });
  }

  it("leaves the key to the role's own writes on its route", async () => {
    const calls: FakeCall[] = [];
    const { findings } = await check(simulator({}, calls), {
      stream: { ...STREAM, kmsKeyId: "alias/custom" },
    });
    expect(findings).to.deep.equal([]);
    expect(calls).to.have.length(2);
  });

  it("tells the simulator what AWS knows of a request", async () => {
    const calls: FakeCall[] = [];
    await check(simulator({}, calls));
    for (const call of calls) {
      expect(contextOf(call)).to.include({
        "aws:RequestedRegion": "eu-central-1",
        "aws:SecureTransport": "true",
        "aws:PrincipalArn": ROLE_ARN,
      });
    }
  });

  for (const decided of ["allowed", "explicitDeny"]) {
    for (const [asker, severity] of [
      ["role", "warning"],
      ["operator", "undetermined"],
    ] as const) {
      it(`takes «${decided}» for no decision where a context key is missing, as ${asker}`, async () => {
        const more =
          "<ResourceSpecificResults><member><MissingContextValues><member>aws:SourceVpce</member></MissingContextValues></member></ResourceSpecificResults>";
        const client = simulator({ "kinesis:PutRecords": { decided, more } });
        const { findings } = await check(client, { asker });
        expect(findings.map(({ code, severity: weight }) => [code, weight])).to.deep.equal([
          ["permissions-undetermined", severity],
        ]);
        expect(findings[0]?.message).to.include("aws:SourceVpce");
      });
    }
  }

  const denials = [
    {
      action: "kinesis:PutRecord",
      code: "write-not-allowed",
      effect: "Amplitude's records would be refused",
    },
    {
      action: "kinesis:PutRecords",
      code: "write-not-allowed",
      effect: "Amplitude's records would be refused",
    },
    {
      action: "kms:GenerateDataKey",
      code: "write-not-allowed",
      effect: "Amplitude's records would be refused",
    },
    {
      action: "iam:SimulatePrincipalPolicy",
      code: "simulate-not-allowed",
      effect: "Amplitude can't check its permissions",
    },
  ];
  for (const { action, code, effect } of denials) {
    it(`finds ${code} if ${action} is not allowed`, async () => {
      const client = simulator({ [action]: { decided: "implicitDeny" } });
      const { findings, simulated } = await check(client, {
        stream: { ...STREAM, kmsKeyId: KEY_ARN },
        asker: "operator",
      });
      expect(simulated).to.equal(true);
      expect(findings).to.have.length(1);
      expect(findings[0]).to.include({ code, severity: "error" });
      expect(findings[0]?.message).to.include(action).and.to.include(effect);
    });
  }

  it("names every action that is denied", async () => {
    const denied = { decided: "implicitDeny" };
    const { findings } = await check(
      simulator({ "kinesis:PutRecord": denied, "kinesis:PutRecords": denied }),
    );
    expect(findings).to.have.length(2);
  });

  const ORGANIZATION =
    "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>";
  const BOUNDARY =
    "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>";
  const causes = [
    {
      why: "no policy allows it",
      decided: "implicitDeny",
      more: "",
      message: "no policy attached",
      remedy: "pulumi up",
    },
    {
      why: "a policy denies it",
      decided: "explicitDeny",
      more: "",
      message: "explicitly",
      remedy: "Deny statement",
    },
    {
      why: "a service control policy denies it",
      decided: "explicitDeny",
      more: ORGANIZATION,
      message: "service control policy",
      remedy: "administrators",
    },
    {
      why: "the boundary does not allow it",
      decided: "implicitDeny",
      more: BOUNDARY,
      message: "permissions boundary",
      remedy: "boundary policy",
    },
    {
      why: "both the organization and the boundary do not allow it",
      decided: "implicitDeny",
      more: BOUNDARY + ORGANIZATION,
      message: "service control policy",
      remedy: "administrators",
    },
    {
      why: "no policy allows it, though the organization and the boundary would",
      decided: "implicitDeny",
      more: (BOUNDARY + ORGANIZATION).replaceAll("false", "true"),
      message: "no policy attached",
      remedy: "pulumi up",
    },
  ];
  for (const { why, decided, more, message, remedy } of causes) {
    it(`names the cause and the remedy where ${why}`, async () => {
      const { findings } = await check(simulator({ "kinesis:PutRecords": { decided, more } }));
      expect(findings[0]?.message).to.include(message);
      expect(findings[0]?.remedy).to.include(remedy);
    });
  }

  const unanswered: {
    why: string;
    answer: FakeAnswer;
    asker: "role" | "operator";
    code: string;
    severity: string;
    remedy: string;
  }[] = [
    {
      why: "the role itself may not ask",
      answer: xmlError("AccessDenied", 403),
      asker: "role",
      code: "simulate-not-allowed",
      severity: "error",
      remedy: "pulumi up",
    },
    {
      why: "the operator may not ask",
      answer: xmlError("AccessDenied", 403),
      asker: "operator",
      code: "simulation-unavailable",
      severity: "undetermined",
      remedy: "Grant the caller iam:SimulatePrincipalPolicy",
    },
    {
      why: "the operator's endpoint has no such call",
      answer: xmlError("InvalidAction", 400),
      asker: "operator",
      code: "simulation-unavailable",
      severity: "undetermined",
      remedy: "--route role",
    },
    {
      why: "the role's endpoint has no such call, which its writing makes up for",
      answer: { status: 501, body: "" },
      asker: "role",
      code: "simulation-unavailable",
      severity: "warning",
      remedy: "writing proves kinesis:PutRecords",
    },
    {
      why: "IAM fails",
      answer: xmlError("ServiceFailure", 500),
      asker: "operator",
      code: "simulation-unavailable",
      severity: "undetermined",
      remedy: "run this again",
    },
    {
      why: "the answer lacks a decision",
      answer: xml("SimulatePrincipalPolicy", "<EvaluationResults></EvaluationResults>"),
      asker: "operator",
      code: "simulation-unavailable",
      severity: "undetermined",
      remedy: "run this again",
    },
  ];
  for (const { why, answer, asker, remedy, ...expected } of unanswered) {
    it(`finds ${expected.code} (${expected.severity}) where ${why}`, async () => {
      const { findings, simulated } = await check(
        fakeIam(() => answer),
        { asker },
      );
      expect(simulated).to.equal(false);
      expect(findings).to.have.length(1);
      expect(findings[0]).to.include({ ...expected, where: ROLE_ARN });
      expect(findings[0]?.remedy).to.include(remedy);
    });
  }

  it("keeps what it found before it could ask no further", async () => {
    let asked = 0;
    const client = fakeIam((call) => {
      asked += 1;
      if (asked > 1) return xmlError("ServiceFailure", 500);
      const members = actionsOf(call).map((action) => decision(action, "implicitDeny"));
      return xml("SimulatePrincipalPolicy", `<EvaluationResults>${members.join("")}</EvaluationResults>`);
    });
    const { findings, simulated } = await check(client);
    expect(findings.map(({ code }) => code)).to.deep.equal([
      "write-not-allowed",
      "write-not-allowed",
      "simulation-unavailable",
    ]);
    expect(simulated).to.equal(false);
  });
});
