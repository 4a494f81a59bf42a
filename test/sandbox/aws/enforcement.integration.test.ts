import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
  PutRecordCommand,
  UpdateStreamModeCommand,
} from "@aws-sdk/client-kinesis";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { until } from "../../until";
import {
  allow,
  assume,
  clientsOf,
  type Fixture,
  failureOf,
  policy,
  startInFolder,
  trustOf,
} from "./localAws";

const CUSTOMER = "111122223333";
const AMPLITUDE_ROOT = "arn:aws:iam::358203115967:root";
const STREAM_ARN = `arn:aws:kinesis:us-east-1:${CUSTOMER}:stream/events`;
const OTHER_STREAM_ARN = `arn:aws:kinesis:us-east-1:${CUSTOMER}:stream/other`;

const record = (streamName: string) =>
  new PutRecordCommand({ StreamName: streamName, PartitionKey: "k", Data: Buffer.from("{}") });

describe("authorization in the sandbox", () => {
  let aws: Fixture;
  let operator: ReturnType<typeof clientsOf>;
  let roles = 0;

  before(async () => {
    aws = await startInFolder();
    operator = clientsOf(aws, aws.principals.operator);
    for (const StreamName of ["events", "other"]) await createStream(StreamName);
  });

  after(() => aws.remove());

  async function createStream(StreamName: string): Promise<void> {
    await operator.kinesis.send(
      new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: "ON_DEMAND" } }),
    );
    const isActive = async () => {
      const response = await operator.kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
      return response.StreamDescriptionSummary?.StreamStatus === "ACTIVE";
    };
    await until(isActive);
  }

  async function createRole(
    trust = trustOf(AMPLITUDE_ROOT),
    options: { MaxSessionDuration?: number } = {},
  ): Promise<{ arn: string; name: string }> {
    const name = `amplitude-${++roles}`;
    const response = await operator.iam.send(
      new CreateRoleCommand({
        RoleName: name,
        Path: "/vendors/",
        AssumeRolePolicyDocument: trust,
        ...options,
      }),
    );
    return { name, arn: response.Role?.Arn ?? "" };
  }

  async function createPolicy(document: string): Promise<string> {
    const name = `policy-${++roles}`;
    const response = await operator.iam.send(
      new CreatePolicyCommand({ PolicyName: name, PolicyDocument: document }),
    );
    return response.Policy?.Arn ?? "";
  }

  async function createWriter() {
    const role = await createRole();
    const policyArn = await createPolicy(allow(["kinesis:PutRecord", "kinesis:PutRecords"], [STREAM_ARN]));
    await operator.iam.send(new AttachRolePolicyCommand({ RoleName: role.name, PolicyArn: policyArn }));
    const session = clientsOf(aws, await assume(aws, aws.principals.amplitude, role.arn));
    return { ...role, policyArn, session };
  }

  describe("assuming a role", () => {
    it("is allowed to the account that the trust policy names", async () => {
      const role = await createRole();
      const session = clientsOf(aws, await assume(aws, aws.principals.amplitude, role.arn));
      const identity = await session.sts.send(new GetCallerIdentityCommand());
      expect(identity.Arn).to.equal(`arn:aws:sts::${CUSTOMER}:assumed-role/${role.name}/test-session`);
      expect(identity.Account).to.equal(CUSTOMER);
      expect(identity.UserId).to.match(/^AROA[A-Z2-7]{17}:test-session$/);
    });

    it("is denied to every other account", async () => {
      const role = await createRole();
      const { stranger } = aws.principals;
      const failure = await failureOf(assume(aws, stranger, role.arn));
      expect(failure).to.deep.equal({
        name: "AccessDenied",
        status: 403,
        message: `User: ${stranger.arn} is not authorized to perform: sts:AssumeRole on resource: ${role.arn}`,
      });
    });

    it("is denied to the role's own account when the trust policy does not name it", async () => {
      const role = await createRole();
      const failure = await failureOf(assume(aws, aws.principals.operator, role.arn));
      expect(failure.name).to.equal("AccessDenied");
    });

    it("is denied with the same message if the role does not exist", async () => {
      const arn = `arn:aws:iam::${CUSTOMER}:role/nobody`;
      const failure = await failureOf(assume(aws, aws.principals.amplitude, arn));
      expect(failure).to.include({ name: "AccessDenied", status: 403 });
      expect(failure.message).to.include(`sts:AssumeRole on resource: ${arn}`);
    });

    it("is denied under the role's name without its path", async () => {
      const role = await createRole();
      const withoutPath = role.arn.replace("/vendors/", "/");
      expect(await failureOf(assume(aws, aws.principals.amplitude, withoutPath))).to.include({
        name: "AccessDenied",
      });
    });

    it("requires the external id of the trust policy", async () => {
      const condition = { StringEquals: { "sts:ExternalId": "acme-42" } };
      const { arn } = await createRole(trustOf(AMPLITUDE_ROOT, condition));
      const { amplitude } = aws.principals;
      expect(await failureOf(assume(aws, amplitude, arn))).to.include({ name: "AccessDenied" });
      expect(await failureOf(assume(aws, amplitude, arn, { ExternalId: "acme-43" }))).to.include({
        name: "AccessDenied",
      });
      const session = await assume(aws, amplitude, arn, { ExternalId: "acme-42" });
      expect(session.accessKeyId).to.match(/^ASIA/);
    });

    it("follows a change of the trust policy at once", async () => {
      const role = await createRole();
      await operator.iam.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: role.name,
          PolicyDocument: trustOf("arn:aws:iam::444455556666:root"),
        }),
      );
      expect(await failureOf(assume(aws, aws.principals.amplitude, role.arn))).to.include({
        name: "AccessDenied",
      });
      await assume(aws, aws.principals.stranger, role.arn);
    });

    it("is denied to a principal whose own policies do not allow it", async () => {
      const writer = await createWriter();
      const target = await createRole(trustOf(`arn:aws:iam::${CUSTOMER}:root`));
      const command = new AssumeRoleCommand({ RoleArn: target.arn, RoleSessionName: "chained" });
      expect(await failureOf(writer.session.sts.send(command))).to.include({ name: "AccessDenied" });
      await operator.iam.send(
        new PutRolePolicyCommand({
          RoleName: writer.name,
          PolicyName: "chain",
          PolicyDocument: allow(["sts:AssumeRole"], [target.arn]),
        }),
      );
      await writer.session.sts.send(command);
    });

    for (const [what, input] of [
      ["shorter than 15 minutes", { DurationSeconds: 899 }],
      ["longer than the role's maximum", { DurationSeconds: 3601 }],
    ] as const) {
      it(`rejects a session ${what}`, async () => {
        const role = await createRole();
        const failure = await failureOf(assume(aws, aws.principals.amplitude, role.arn, input));
        expect(failure).to.include({ name: "ValidationError", status: 400 });
        expect(failure.message).to.match(/durationSeconds/i);
      });
    }

    it("limits a role's session to an hour when another role's session assumes it", async () => {
      const writer = await createWriter();
      const target = await createRole(trustOf(`arn:aws:iam::${CUSTOMER}:root`), { MaxSessionDuration: 7200 });
      await operator.iam.send(
        new PutRolePolicyCommand({
          RoleName: writer.name,
          PolicyName: "chain",
          PolicyDocument: allow(["sts:AssumeRole"], [target.arn]),
        }),
      );
      const assumeFor = (DurationSeconds: number) =>
        writer.session.sts.send(
          new AssumeRoleCommand({ RoleArn: target.arn, RoleSessionName: "chained", DurationSeconds }),
        );
      const { Credentials } = await assumeFor(3600);
      const seconds = (Number(Credentials?.Expiration) - Date.now()) / 1000;
      expect(seconds).to.be.within(3_540, 3_600);
      const failure = await failureOf(assumeFor(3601));
      expect(failure).to.include({ name: "ValidationError", status: 400 });
      expect(failure.message).to.include("role chaining");
    });

    it("rejects a session policy instead of ignoring it", async () => {
      const role = await createRole();
      const command = new AssumeRoleCommand({ RoleArn: role.arn, RoleSessionName: "abc", Policy: "{}" });
      const failure = await failureOf(clientsOf(aws, aws.principals.amplitude).sts.send(command));
      expect(failure.message).to.equal("The sandbox does not support the parameter Policy.");
    });
  });

  describe("a session of the role", () => {
    it("writes to the stream that its policy names", async () => {
      const { session } = await createWriter();
      const response = await session.kinesis.send(record("events"));
      expect(response.SequenceNumber).to.match(/^\d+$/);
    });

    it("cannot write to another stream", async () => {
      const { session, name } = await createWriter();
      expect(await failureOf(session.kinesis.send(record("other")))).to.deep.equal({
        name: "AccessDeniedException",
        status: 400,
        message:
          `User: arn:aws:sts::${CUSTOMER}:assumed-role/${name}/test-session is not authorized to perform: ` +
          `kinesis:PutRecord on resource: ${OTHER_STREAM_ARN} because no identity-based policy allows ` +
          "the kinesis:PutRecord action",
      });
    });

    it("cannot read what it wrote, not even by the iterator of another caller", async () => {
      const { session } = await createWriter();
      const iteratorOf = new GetShardIteratorCommand({
        StreamName: "events",
        ShardId: "shardId-000000000000",
        ShardIteratorType: "TRIM_HORIZON",
      });
      expect(await failureOf(session.kinesis.send(iteratorOf))).to.include({ name: "AccessDeniedException" });
      const { ShardIterator } = await operator.kinesis.send(iteratorOf);
      const failure = await failureOf(session.kinesis.send(new GetRecordsCommand({ ShardIterator })));
      expect(failure.name).to.equal("AccessDeniedException");
      expect(failure.message).to.include(`kinesis:GetRecords on resource: ${STREAM_ARN} because no identity`);
    });

    it("loses its permission when the policy is detached, and regains it", async () => {
      const { session, name, policyArn } = await createWriter();
      await operator.iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn: policyArn }));
      expect(await failureOf(session.kinesis.send(record("events")))).to.include({
        name: "AccessDeniedException",
      });
      await operator.iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: policyArn }));
      await session.kinesis.send(record("events"));
    });

    it("may do nothing after the role is deleted, even if one of the same name is created", async () => {
      const { session, name, policyArn } = await createWriter();
      const attachment = { RoleName: name, PolicyArn: policyArn };
      await operator.iam.send(new DetachRolePolicyCommand(attachment));
      await operator.iam.send(new DeleteRoleCommand({ RoleName: name }));
      expect(await failureOf(session.kinesis.send(record("events")))).to.include({
        name: "AccessDeniedException",
      });
      const trust = trustOf(AMPLITUDE_ROOT);
      await operator.iam.send(
        new CreateRoleCommand({ RoleName: name, Path: "/vendors/", AssumeRolePolicyDocument: trust }),
      );
      await operator.iam.send(new AttachRolePolicyCommand(attachment));
      expect(await failureOf(session.kinesis.send(record("events")))).to.include({
        name: "AccessDeniedException",
      });
    });

    it("stays within its permissions boundary", async () => {
      const { session, name } = await createWriter();
      const boundary = await createPolicy(allow(["kinesis:PutRecords"], ["*"]));
      await operator.iam.send(
        new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: boundary }),
      );
      const failure = await failureOf(session.kinesis.send(record("events")));
      expect(failure.message).to.match(
        /because no permissions boundary allows the kinesis:PutRecord action$/,
      );
    });

    it("is denied by an explicit deny in an inline policy", async () => {
      const { session, name } = await createWriter();
      await operator.iam.send(
        new PutRolePolicyCommand({
          RoleName: name,
          PolicyName: "no-writes",
          PolicyDocument: policy("Deny", ["kinesis:*"], ["*"]),
        }),
      );
      const failure = await failureOf(session.kinesis.send(record("events")));
      expect(failure.message).to.match(/with an explicit deny in an identity-based policy$/);
    });

    it("may list streams only with a policy for all resources", async () => {
      const { session, name } = await createWriter();
      const list = new ListStreamsCommand({});
      expect(await failureOf(session.kinesis.send(list))).to.include({ name: "AccessDeniedException" });
      await operator.iam.send(
        new PutRolePolicyCommand({
          RoleName: name,
          PolicyName: "list",
          PolicyDocument: allow(["kinesis:ListStreams"], ["*"]),
        }),
      );
      expect((await session.kinesis.send(list)).StreamNames).to.include("events");
    });
  });

  describe("across accounts and regions", () => {
    it("denies another account's stream even if the caller's account allows everything", async () => {
      const { kinesis } = clientsOf(aws, aws.principals.amplitude);
      const command = new PutRecordCommand({
        StreamARN: STREAM_ARN,
        PartitionKey: "k",
        Data: Buffer.from("{}"),
      });
      const failure = await failureOf(kinesis.send(command));
      expect(failure.message).to.match(
        /because no resource-based policy allows the kinesis:PutRecord action$/,
      );
    });

    it("also denies an action that policies can grant only on all resources", async () => {
      const { kinesis } = clientsOf(aws, aws.principals.amplitude);
      const StreamModeDetails = { StreamMode: "PROVISIONED" } as const;
      const command = new UpdateStreamModeCommand({ StreamARN: STREAM_ARN, StreamModeDetails });
      expect(await failureOf(kinesis.send(command))).to.include({ name: "AccessDeniedException" });
    });

    it("looks up a stream's name in the caller's own account", async () => {
      const { kinesis } = clientsOf(aws, aws.principals.amplitude);
      expect(await failureOf(kinesis.send(record("events")))).to.include({
        name: "ResourceNotFoundException",
      });
    });

    it("separates the streams of regions", async () => {
      const { kinesis } = clientsOf(aws, aws.principals.operator, { region: "eu-west-1" });
      const byName = new DescribeStreamSummaryCommand({ StreamName: "events" });
      const byArn = new DescribeStreamSummaryCommand({ StreamARN: STREAM_ARN });
      expect(await failureOf(kinesis.send(byName))).to.include({ name: "ResourceNotFoundException" });
      expect(await failureOf(kinesis.send(byArn))).to.include({ name: "ResourceNotFoundException" });
    });
  });
});
