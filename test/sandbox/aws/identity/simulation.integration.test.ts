import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
} from "@aws-sdk/client-iam";
import { expect } from "chai";
import {
  allow,
  assume,
  clientsOf,
  type Fixture,
  failureOf,
  policy,
  startInFolder,
  trustOf,
} from "../localAws";

const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/events";
const OTHER = "arn:aws:kinesis:us-east-1:111122223333:stream/other";
const ACCOUNT = "arn:aws:iam::111122223333";
const PUT = "kinesis:PutRecord";

describe("SimulatePrincipalPolicy in the sandbox", () => {
  let aws: Fixture;
  let iam: ReturnType<typeof clientsOf>["iam"];
  let created = 0;
  let RoleName: string;
  let roleArn: string;

  before(async () => {
    aws = await startInFolder();
    iam = clientsOf(aws, aws.principals.operator).iam;
  });

  beforeEach(async () => {
    RoleName = `vendor-${++created}`;
    roleArn = `${ACCOUNT}:role/${RoleName}`;
    const trust = trustOf("arn:aws:iam::358203115967:root");
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    await attach("write", allow([PUT, "iam:SimulatePrincipalPolicy"], [STREAM, roleArn]));
  });

  after(() => aws.remove());

  async function create(name: string, PolicyDocument: string): Promise<string> {
    const PolicyName = `${name}-${created}`;
    const response = await iam.send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
    return response.Policy?.Arn ?? "";
  }

  async function attach(name: string, document: string): Promise<void> {
    const PolicyArn = await create(name, document);
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  }

  async function simulate(ActionNames: string[], ResourceArns: string[], overrides: object = {}) {
    const input = { PolicySourceArn: roleArn, ActionNames, ResourceArns, ...overrides };
    const response = await iam.send(new SimulatePrincipalPolicyCommand(input));
    return response.EvaluationResults ?? [];
  }

  it("returns one decision per action", async () => {
    const results = await simulate([PUT, "kinesis:GetRecords"], [STREAM]);
    expect(
      results.map(({ EvalActionName, EvalResourceName, EvalDecision }) => [
        EvalActionName,
        EvalResourceName,
        EvalDecision,
      ]),
    ).to.deep.equal([
      [PUT, STREAM, "allowed"],
      ["kinesis:GetRecords", STREAM, "implicitDeny"],
    ]);
    expect(results[0]?.MatchedStatements?.[0]?.SourcePolicyId).to.equal(`${ACCOUNT}:policy/write-${created}`);
    expect(results[0]?.ResourceSpecificResults?.map((each) => each.EvalResourceName)).to.deep.equal([STREAM]);
  });

  it("returns the strictest decision first if the request names several resources", async () => {
    const [result] = await simulate([PUT], [STREAM, OTHER]);
    expect(result?.EvalDecision).to.equal("implicitDeny");
    expect(
      result?.ResourceSpecificResults?.map((each) => [each.EvalResourceName, each.EvalResourceDecision]),
    ).to.deep.equal([
      [STREAM, "allowed"],
      [OTHER, "implicitDeny"],
    ]);
  });

  it("counts an explicit deny in an inline policy", async () => {
    const PolicyDocument = policy("Deny", ["kinesis:*"], [STREAM]);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "no", PolicyDocument }));
    const [result] = await simulate([PUT], [STREAM, OTHER]);
    expect(result?.EvalDecision).to.equal("explicitDeny");
    expect(result?.EvalResourceName).to.equal(STREAM);
  });

  it("reports the decision of the boundary", async () => {
    const PermissionsBoundary = await create("boundary", allow(["kinesis:GetRecords"], ["*"]));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    const [result] = await simulate([PUT], [STREAM]);
    expect(result?.EvalDecision).to.equal("implicitDeny");
    expect(result?.PermissionsBoundaryDecisionDetail).to.deep.equal({ AllowedByPermissionsBoundary: false });
  });

  it("simulates all resources if none is named", async () => {
    expect((await simulate([PUT], []))[0]).to.include({
      EvalDecision: "implicitDeny",
      EvalResourceName: "*",
    });
    await attach("everywhere", allow([PUT], ["*"]));
    expect((await simulate([PUT], []))[0]).to.include({ EvalDecision: "allowed" });
  });

  it("takes condition keys from the context entries", async () => {
    const conditional = {
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Action: "kinesis:GetRecords",
        Resource: "*",
        Condition: { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } },
      },
    };
    await attach("conditional", JSON.stringify(conditional));
    const from = (address: string) => ({
      ContextEntries: [{ ContextKeyName: "aws:SourceIp", ContextKeyType: "ip", ContextKeyValues: [address] }],
    });
    const [inside] = await simulate(["kinesis:GetRecords"], [STREAM], from("203.0.113.7"));
    const [outside] = await simulate(["kinesis:GetRecords"], [STREAM], from("198.51.100.7"));
    expect([inside?.EvalDecision, outside?.EvalDecision]).to.deep.equal(["allowed", "implicitDeny"]);
  });

  it("lists the missing condition keys as AWS does", async () => {
    const conditional = (Condition: object) => ({ Effect: "Deny", Action: "s3:*", Resource: "*", Condition });
    const Statement = [
      conditional({ StringEquals: { "aws:SourceVpce": "vpce-1", "AWS:RequestedRegion": "eu-west-1" } }),
      conditional({ "ForAnyValue:StringLikeIfExists": { "AWS:SOURCEVPCE": ["vpce-*"] } }),
    ];
    await attach("conditional", JSON.stringify({ Version: "2012-10-17", Statement }));
    const bounded = { ...conditional({ Bool: { "aws:MultiFactorAuthPresent": "true" } }), Effect: "Allow" };
    const document = JSON.stringify({ Version: "2012-10-17", Statement: bounded });
    const PermissionsBoundary = await create("boundary", document);
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    const given = {
      ContextEntries: [
        { ContextKeyName: "aws:requestedregion", ContextKeyType: "string", ContextKeyValues: ["us-east-1"] },
      ],
    };
    const missing = ["aws:SourceVpce", "aws:MultiFactorAuthPresent"];
    const [named] = await simulate([PUT], [STREAM, OTHER], given);
    expect(named?.MissingContextValues).to.deep.equal([]);
    expect(named?.ResourceSpecificResults?.map((each) => each.MissingContextValues)).to.deep.equal([
      missing,
      missing,
    ]);
    for (const resources of [[], ["*"]]) {
      const [any] = await simulate([PUT], resources, given);
      expect(any?.MissingContextValues).to.deep.equal(missing);
      expect(any).not.to.have.property("ResourceSpecificResults");
    }
    const [ungiven] = await simulate([PUT], []);
    expect(ungiven?.MissingContextValues).to.include("AWS:RequestedRegion");
  });

  it("is allowed to the role about itself, and to nobody without the permission", async () => {
    const session = clientsOf(aws, await assume(aws, aws.principals.amplitude, roleArn));
    const command = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [PUT],
      ResourceArns: [STREAM],
    });
    const { EvaluationResults } = await session.iam.send(command);
    expect(EvaluationResults?.[0]?.EvalDecision).to.equal("allowed");
    const stranger = clientsOf(aws, aws.principals.stranger);
    expect(await failureOf(stranger.iam.send(command))).to.include({ name: "AccessDenied" });
  });

  for (const [what, action, resource, overrides, error] of [
    [
      "the ARN of a session",
      PUT,
      STREAM,
      { PolicySourceArn: "arn:aws:sts::111122223333:assumed-role/vendor/session" },
      "InvalidInputException",
    ],
    [
      "a role that does not exist",
      PUT,
      STREAM,
      { PolicySourceArn: `${ACCOUNT}:role/nobody` },
      "NoSuchEntityException",
    ],
    ["an action that does not exist", "kinesis:PutRecrod", STREAM, {}, "InvalidInputException"],
    ["a resource of another type", PUT, `${ACCOUNT}:role/vendor`, {}, "InvalidInputException"],
    ["policies that it would ignore", PUT, STREAM, { PolicyInputList: ["{}"] }, "ValidationError"],
  ] as const) {
    it(`rejects ${what}`, async () => {
      const failure = await failureOf(simulate([action], [resource], overrides));
      expect(failure.name).to.equal(error);
    });
  }
});
