import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import {
  DeleteRoleCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  PutResourcePolicyCommand,
  StopStreamEncryptionCommand,
  TagResourceCommand,
} from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { type CheckOptions, checkDeployment } from "../../../delivery";
import { cloudWatchClient } from "../../../delivery/aws/clients";
import { provision } from "../../../sandbox/pulumi/provisioning/engine";
import type { Provisioned } from "../../../sandbox/pulumi/provisioning/places";
import { allow, clientsOf, type Fixture, policy, sharedAws, trustOf } from "../../sandbox/aws/localAws";
import { json, startLyingProxy } from "../aws/lyingProxy";
import { type Deployment, deploy, VENDOR_ACTIONS } from "../deployment/deploy";
import { principalWith } from "../deployment/principalWith";

const AMPLITUDE_ROOT = "arn:aws:iam::358203115967:root";
const TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts";

describe("Checking a deployment", () => {
  let aws: Fixture;
  before(async () => {
    aws = await sharedAws();
  });
  after(() => aws.remove());

  const check = (outputs: CheckOptions["outputs"], options: Partial<CheckOptions> = {}) =>
    checkDeployment({ outputs, endpoint: aws.endpoint, credentials: aws.principals.operator, ...options });
  const operator = () => clientsOf(aws, aws.principals.operator);
  const streamArnOf = ({ streamName }: Deployment) =>
    `arn:aws:kinesis:us-east-1:111122223333:stream/${streamName}`;
  const roleNameOf = ({ roleArn }: Deployment) => roleArn.split("/").at(-1) ?? "";

  describe("that the component created", () => {
    let folder: string;
    let provisioned: Provisioned;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "check-test-"));
      const config = { alarms: { actionArns: [TOPIC] }, requireTls: true };
      provisioned = await provision({ aws, folder, stackName: "acme", engine: "in-process", config });
    });
    after(() => rm(folder, { recursive: true, force: true }));

    it("finds nothing, and describes the deployment", async () => {
      const { roleArn, region, streamName, streamArn } = provisioned.outputs;
      const report = await check({ roleArn, region, streamName, streamArn });
      expect(report.findings).to.deep.equal([]);
      expect(report).to.include({ reportVersion: 1, verdict: "passed", roleArn, region, streamName });
      expect(report.checkedAs).to.equal(aws.principals.operator.arn);
      expect(report.stream).to.deep.include({
        streamArn,
        status: "ACTIVE",
        mode: "ON_DEMAND",
        retentionHours: 168,
        encryption: "KMS",
        keyId: "alias/aws/kinesis",
        maxRecordSizeKib: 1024,
      });
      expect(report.role).to.include({ roleArn, maxSessionSeconds: 3600, permissionsBoundaryArn: null });
      expect(report.role?.policies).to.have.length(1);
      expect(report.alarms).to.have.length(2);
    });

    it("says that it compared no projects of the guard if the outputs name none", async () => {
      const guardPipeArn = "arn:aws:pipes:us-east-1:111122223333:pipe/gone";
      const { roleArn, region, streamName } = provisioned.outputs;
      const told = async (guardProjectIds?: number[]) =>
        (await check({ roleArn, region, streamName, guardPipeArn, guardProjectIds })).notProven.join("\n");
      expect(await told()).to.include("guardProjectIds is missing or secret");
      expect(await told([42])).not.to.include("guardProjectIds");
    });
  });

  /** Breaks a good deployment. The finding is expected besides those on what `deploy` leaves out on purpose. */
  const broken: [
    what: string,
    breakIt: (outputs: Deployment) => Promise<unknown>,
    code: string,
    severity: string,
    says: RegExp,
    remedy: RegExp,
  ][] = [
    [
      "a role that is gone",
      async (outputs) => {
        const bare = await deploy(aws, { statements: undefined });
        await operator().iam.send(new DeleteRoleCommand({ RoleName: roleNameOf(bare) }));
        outputs.roleArn = bare.roleArn;
      },
      "role-not-found",
      "error",
      /no such role/,
      /pulumi up --refresh/,
    ],
    [
      "a trust policy that was edited by hand",
      (outputs) => retrust(outputs, trustOf("arn:aws:iam::444455556666:root")),
      "amplitude-not-trusted",
      "error",
      /names arn:aws:iam::444455556666:root/,
      /pulumi up --refresh/,
    ],
    [
      "an external id that is demanded",
      (outputs) => retrust(outputs, trustOf(AMPLITUDE_ROOT, { StringEquals: { "sts:ExternalId": "acme" } })),
      "amplitude-not-trusted",
      "error",
      /demands an external id/,
      /externalId/,
    ],
    [
      "another account that is trusted",
      (outputs) =>
        retrust(
          outputs,
          JSON.stringify({
            Statement: [AMPLITUDE_ROOT, "arn:aws:iam::444455556666:root"].map((AWS) => ({
              Effect: "Allow",
              Principal: { AWS },
              Action: "sts:AssumeRole",
            })),
          }),
        ),
      "others-trusted",
      "warning",
      /lets in arn:aws:iam::444455556666:root/,
      /testPrincipalArns/,
    ],
    [
      "a trust policy that allows tagging sessions",
      (outputs) =>
        retrust(
          outputs,
          JSON.stringify({
            Statement: [
              {
                Effect: "Allow",
                Principal: { AWS: AMPLITUDE_ROOT },
                Action: ["sts:AssumeRole", "sts:TagSession"],
              },
            ],
          }),
        ),
      "trust-too-broad",
      "warning",
      /sts:TagSession/,
      /pulumi up --refresh/,
    ],
    [
      "an inline policy that allows too much",
      (outputs) => inline(outputs, allow(["kinesis:*"], ["*"])),
      "permissions-too-broad",
      "warning",
      /kinesis:\* on \*/,
      /aws iam delete-role-policy --role-name amplitude-\d+ --policy-name extra/,
    ],
    [
      "a Deny among the role's policies",
      (outputs) => inline(outputs, policy("Deny", ["kinesis:PutRecord"], ["*"])),
      "write-not-allowed",
      "error",
      /denies it explicitly/,
      /Deny statement/,
    ],
    [
      "a permissions boundary that doesn't allow writing",
      async (outputs) => {
        const { iam } = operator();
        const boundary = await principalWith.policy(aws, allow(["iam:*"], ["*"]));
        await iam.send(
          new PutRolePermissionsBoundaryCommand({
            RoleName: roleNameOf(outputs),
            PermissionsBoundary: boundary,
          }),
        );
      },
      "write-not-allowed",
      "error",
      /permissions boundary does not allow/,
      /boundary policy/,
    ],
    [
      "a stream that is gone",
      async (outputs) => {
        outputs.streamName = "no-such-stream";
      },
      "stream-not-found",
      "error",
      /no such stream/,
      /pulumi stack output/,
    ],
    [
      "a stream that is not encrypted",
      (outputs) =>
        operator().kinesis.send(
          new StopStreamEncryptionCommand({
            StreamName: outputs.streamName,
            EncryptionType: "KMS",
            KeyId: "alias/aws/kinesis",
          }),
        ),
      "stream-not-encrypted",
      "warning",
      /not encrypted/,
      /pulumi up --refresh/,
    ],
    [
      "a policy of the stream's own that denies writing",
      (outputs) =>
        putStreamPolicy(outputs, {
          Sid: "Stop",
          Effect: "Deny",
          Principal: "*",
          Action: "kinesis:PutRecords",
        }),
      "stream-policy-denies",
      "error",
      /Deny statement Stop/,
      /take the statement out/i,
    ],
    [
      "a policy of the stream's own that may deny writing",
      (outputs) =>
        putStreamPolicy(outputs, {
          Effect: "Deny",
          Principal: "*",
          Action: "kinesis:PutRecords",
          Condition: { StringNotEquals: { "aws:SourceVpc": "vpc-1" } },
        }),
      "stream-policy-undetermined",
      "undetermined",
      /may apply/,
      /take the statement out/i,
    ],
    [
      "a policy of the stream's own that lets another account write",
      (outputs) =>
        putStreamPolicy(outputs, {
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::444455556666:root" },
          Action: "kinesis:PutRecord",
        }),
      "stream-policy-open",
      "warning",
      /444455556666/,
      /delete-resource-policy/,
    ],
    [
      "an alarm that notifies nobody",
      (outputs) => putAlarm(outputs, { ActionsEnabled: false, AlarmActions: [TOPIC] }),
      "alarm-tells-nobody",
      "warning",
      /switched off/,
      /enable-alarm-actions/,
    ],
    [
      "an alarm on silence that ignores missing data",
      (outputs) => putAlarm(outputs, { TreatMissingData: "notBreaching", AlarmActions: [TOPIC] }),
      "alarm-missing",
      "warning",
      /missing records/,
      /alarms\.actionArns/,
    ],
    [
      "alarms that are missing",
      async () => undefined,
      "alarm-missing",
      "warning",
      /missing records/,
      /alarms\.actionArns/,
    ],
    [
      "a retention of a day",
      async () => undefined,
      "stream-retention-short",
      "warning",
      /24 hours/,
      /retentionHours 168/,
    ],
    ["a stream without tags", async () => undefined, "untagged", "warning", /Kinesis\.2/, /tags/],
    [
      "an output that names another stream",
      async (outputs) =>
        Object.assign(outputs, { streamArn: "arn:aws:kinesis:us-east-1:111122223333:stream/other" }),
      "output-mismatch",
      "error",
      /streamArn is arn.*other/,
      /one stack/,
    ],
  ];

  const retrust = (outputs: Deployment, PolicyDocument: string) =>
    operator().iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: roleNameOf(outputs), PolicyDocument }));
  const inline = (outputs: Deployment, PolicyDocument: string) =>
    operator().iam.send(
      new PutRolePolicyCommand({ RoleName: roleNameOf(outputs), PolicyName: "extra", PolicyDocument }),
    );
  const putStreamPolicy = (outputs: Deployment, statement: object) =>
    operator().kinesis.send(
      new PutResourcePolicyCommand({
        ResourceARN: streamArnOf(outputs),
        Policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ ...statement, Resource: streamArnOf(outputs) }],
        }),
      }),
    );
  const putAlarm = (outputs: Deployment, settings: object) =>
    cloudWatchClient({ ...aws, credentials: aws.principals.operator }).send(
      new PutMetricAlarmCommand({
        AlarmName: `silence-${outputs.streamName}`,
        Namespace: "AWS/Kinesis",
        MetricName: "IncomingRecords",
        Dimensions: [{ Name: "StreamName", Value: outputs.streamName }],
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 5,
        Threshold: 1,
        ComparisonOperator: "LessThanThreshold",
        TreatMissingData: "breaching",
        ...settings,
      }),
    );

  for (const [what, breakIt, code, severity, says, remedy] of broken) {
    it(`finds ${what}`, async () => {
      const outputs = await deploy(aws);
      await breakIt(outputs);
      const { findings, verdict } = await check(outputs);
      const finding = findings.find((each) => each.code === code);
      expect(finding, JSON.stringify(findings, undefined, 1)).to.include({ severity });
      expect(finding?.message).to.match(says);
      expect(finding?.remedy).to.match(remedy);
      expect(finding?.where).not.to.equal("");
      const worst = { error: "failed", undetermined: "undecided", warning: "passed" }[severity];
      expect(verdict).to.equal(worst);
    });
  }

  it("decides on a key that the stream names by an alias", async () => {
    const outputs = await deploy(aws);
    const key = "arn:aws:kms:us-east-1:111122223333:key/1";
    const proxy = await startLyingProxy(aws.endpoint, async ({ operation, forward }) => {
      if (operation === "DescribeKey") return json({ KeyMetadata: { Arn: key, KeyState: "Enabled" } });
      if (operation !== "DescribeStreamSummary") return undefined;
      const { StreamDescriptionSummary } = JSON.parse((await forward()).body.toString());
      return json({ StreamDescriptionSummary: { ...StreamDescriptionSummary, KeyId: "alias/own" } });
    });
    try {
      const { findings } = await check(outputs, { endpoint: proxy.endpoint });
      const [denied, ...others] = findings.filter(({ severity }) => severity !== "warning");
      expect(others).to.deep.equal([]);
      expect(denied?.message).to.include(`may not kms:GenerateDataKey on ${key}`);
    } finally {
      await proxy.stop();
    }
  });

  it("finds a stream that is being deleted", async () => {
    const outputs = await deploy(aws);
    // The sandbox deletes faster than it can be asked.
    const proxy = await startLyingProxy(aws.endpoint, async ({ operation, forward }) => {
      if (operation !== "DescribeStreamSummary") return undefined;
      const { StreamDescriptionSummary } = JSON.parse((await forward()).body.toString());
      return json({ StreamDescriptionSummary: { ...StreamDescriptionSummary, StreamStatus: "DELETING" } });
    });
    try {
      const { findings, verdict } = await check(outputs, { endpoint: proxy.endpoint });
      const finding = findings.find(({ code }) => code === "stream-not-active");
      expect(finding).to.include({ severity: "error" });
      expect(finding?.message).to.match(/is DELETING/);
      expect(finding?.remedy).to.match(/pulumi up/);
      expect(verdict).to.equal("failed");
    } finally {
      await proxy.stop();
    }
  });

  it("finds nothing excessive in the vendor's template with test principals", async () => {
    const tester = "arn:aws:iam::111122223333:role/tester";
    const outputs = await deploy(aws, {
      trust: JSON.stringify({
        Statement: [
          { Effect: "Allow", Principal: { AWS: [AMPLITUDE_ROOT, tester] }, Action: "sts:AssumeRole" },
        ],
      }),
    });
    const { iam, kinesis } = operator();
    await iam.send(
      new TagRoleCommand({ RoleName: roleNameOf(outputs), Tags: [{ Key: "owner", Value: "data" }] }),
    );
    await kinesis.send(
      new TagResourceCommand({ ResourceARN: streamArnOf(outputs), Tags: { owner: "data" } }),
    );
    const { findings } = await check(outputs, { testPrincipalArns: [tester] });
    expect(findings.map(({ code }) => code)).to.have.members(["stream-retention-short", "alarm-missing"]);
    expect(VENDOR_ACTIONS).to.have.length(3);
  });

  it("puts the most severe findings first", async () => {
    const outputs = await deploy(aws, { statements: undefined });
    const { findings } = await check(outputs);
    const order = findings.map(({ severity }) => severity);
    expect(order).to.deep.equal(
      [...order].sort((a, b) => "euw".indexOf(a.charAt(0)) - "euw".indexOf(b.charAt(0))),
    );
    expect(order[0]).to.equal("error");
  });

  it("reports each part that it was not allowed to read", async () => {
    const outputs = await deploy(aws);
    const nobody = await principalWith.credentials(aws, allow(["s3:ListBucket"], ["*"]));
    const { findings, verdict } = await check(outputs, { credentials: nobody });
    expect(findings.map(({ code }) => code)).to.include.members([
      "stream-not-described",
      "role-not-readable",
    ]);
    expect(verdict).to.equal("undecided");
  });

  it("reports which of the further parts it was not allowed to read", async () => {
    const outputs = await deploy(aws);
    const limited = await principalWith.credentials(
      aws,
      allow(["kinesis:DescribeStreamSummary", "iam:GetRole", "iam:SimulatePrincipalPolicy"], ["*"]),
    );
    const { findings, verdict } = await check(outputs, { credentials: limited });
    expect(findings.map(({ code }) => code)).to.include.members([
      "policies-not-readable",
      "alarms-not-readable",
      "tags-not-readable",
      "stream-policy-undetermined",
    ]);
    expect(verdict).to.equal("undecided");
  });

  it("throws if the credentials belong to another account", async () => {
    const outputs = await deploy(aws);
    const failure = await check(outputs, { credentials: aws.principals.stranger }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.include({ code: "credentials" });
  });

  it("rejects with the signal's reason if it is aborted", async () => {
    const outputs = await deploy(aws);
    const controller = new AbortController();
    const checking = check(outputs, {
      signal: controller.signal,
      onStep: () => controller.abort(new Error("enough")),
    });
    expect(await checking.catch((error: Error) => error.message)).to.equal("enough");
  });
});
