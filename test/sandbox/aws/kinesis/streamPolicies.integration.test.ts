import { AttachRolePolicyCommand, CreatePolicyCommand, CreateRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DeleteResourcePolicyCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetResourcePolicyCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListStreamsCommand,
  PutRecordCommand,
  PutResourcePolicyCommand,
  UpdateStreamModeCommand,
} from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { until } from "../../../until";
import { allow, assume, clientsOf, type Fixture, failureOf, startInFolder, trustOf } from "../localAws";

const CUSTOMER = "111122223333";
const AMPLITUDE_ROOT = "arn:aws:iam::358203115967:root";
const arnOf = (name: string) => `arn:aws:kinesis:us-east-1:${CUSTOMER}:stream/${name}`;
const documentOf = (...statements: object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const denyWithoutTls = (Resource: string) => ({
  Effect: "Deny",
  Principal: "*",
  Action: "kinesis:*",
  Resource,
  Condition: { Bool: { "aws:SecureTransport": "false" } },
});
const explicitDeny = /kinesis:\w+ on resource: \S+ with an explicit deny in a resource-based policy$/;

describe("the policy of a stream in the sandbox", () => {
  let aws: Fixture;
  let kinesis: KinesisClient;
  let made = 0;

  before(async () => {
    aws = await startInFolder();
    kinesis = clientsOf(aws, aws.principals.operator).kinesis;
  });

  after(() => aws.remove());

  async function createStream(StreamName = `stream-${++made}`): Promise<string> {
    const StreamModeDetails = { StreamMode: "ON_DEMAND" } as const;
    await kinesis.send(new CreateStreamCommand({ StreamName, StreamModeDetails }));
    await until(async () => {
      const response = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
      return response.StreamDescriptionSummary?.StreamStatus === "ACTIVE";
    });
    return arnOf(StreamName);
  }

  async function deleteStream(StreamARN: string): Promise<void> {
    await kinesis.send(new DeleteStreamCommand({ StreamARN }));
    const isGone = async () => {
      const { StreamNames } = await kinesis.send(new ListStreamsCommand({}));
      return !StreamNames?.some((name) => arnOf(name) === StreamARN);
    };
    await until(isGone);
  }

  /** A session of a role in the customer's account that may do these actions on the stream. */
  async function sessionOf(actions: string[], streamArn: string): Promise<KinesisClient> {
    const { iam } = clientsOf(aws, aws.principals.operator);
    const name = `role-${++made}`;
    const trust = { RoleName: name, AssumeRolePolicyDocument: trustOf(AMPLITUDE_ROOT) };
    const { Role } = await iam.send(new CreateRoleCommand(trust));
    const grant = { PolicyName: name, PolicyDocument: allow(actions, [streamArn]) };
    const { Policy } = await iam.send(new CreatePolicyCommand(grant));
    await iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: Policy?.Arn ?? "" }));
    return clientsOf(aws, await assume(aws, aws.principals.amplitude, Role?.Arn ?? "")).kinesis;
  }

  const put = (ResourceARN: string, Policy: string, client = kinesis) =>
    client.send(new PutResourcePolicyCommand({ ResourceARN, Policy }));
  const get = async (ResourceARN: string) =>
    (await kinesis.send(new GetResourcePolicyCommand({ ResourceARN }))).Policy;
  const remove = (ResourceARN: string) => kinesis.send(new DeleteResourcePolicyCommand({ ResourceARN }));
  const write = (client: KinesisClient, StreamARN: string) =>
    client.send(new PutRecordCommand({ StreamARN, PartitionKey: "k", Data: Buffer.from("{}") }));

  describe("as a document", () => {
    it("is returned as it was put, replaced, and deleted", async () => {
      const arn = await createStream();
      const first = documentOf(denyWithoutTls(arn)).replace("{", "{ ");
      await put(arn, first);
      expect(await get(arn)).to.equal(first);
      const second = documentOf({ ...denyWithoutTls(arn), Action: "kinesis:PutRecord" });
      await put(arn, second);
      expect(await get(arn)).to.equal(second);
      await remove(arn);
      expect(await get(arn)).to.equal("{}");
    });

    it("can't be deleted if there is none", async () => {
      const arn = await createStream();
      expect(await failureOf(remove(arn))).to.deep.equal({
        name: "ResourceNotFoundException",
        status: 400,
        message: `No resource policy found for resource ARN ${arn}.`,
      });
    });

    it("is rejected for a stream that doesn't exist", async () => {
      const arn = arnOf("nowhere");
      for (const call of [put(arn, documentOf(denyWithoutTls(arn))), get(arn), remove(arn)]) {
        expect(await failureOf(call)).to.include({ name: "ResourceNotFoundException", status: 400 });
      }
    });

    it("is rejected while the stream is not active", async () => {
      const arn = await createStream();
      await kinesis.send(new DeleteStreamCommand({ StreamARN: arn }));
      const failure = await failureOf(put(arn, documentOf(denyWithoutTls(arn))));
      expect(failure.name).to.be.oneOf(["ResourceInUseException", "ResourceNotFoundException"]);
    });

    it("is deleted with its stream; a new stream of the same name has none", async () => {
      const arn = await createStream("reborn");
      await put(arn, documentOf(denyWithoutTls(arn)));
      await deleteStream(arn);
      await createStream("reborn");
      expect(await get(arn)).to.equal("{}");
      await write(plainly(), arn);
    });

    const valid = denyWithoutTls(arnOf("documents"));
    const { Principal: _principal, ...nobody } = valid;
    const { Action: _action, ...nothing } = valid;
    const { Resource: _resource, ...nowhere } = valid;
    for (const [what, policy, message] of [
      ["text that is no JSON", "{", /not JSON/],
      ["what is no object", "[]", /must be an object/],
      ["a null statement", '{"Version":"2012-10-17","Statement":[null]}', /must be an object/],
      ["no version", JSON.stringify({ Statement: [valid] }), /Version is required/],
      ["no statement", documentOf(), /at least one Statement/],
      ["no effect", documentOf({ ...valid, Effect: undefined }), /Effect must be present/],
      ["no principal", documentOf(nobody), /Statement\[0\]: Principal is required/],
      ["no action", documentOf(nothing), /Action must name actions of kinesis/],
      [
        "another service's action",
        documentOf(valid, { ...valid, Action: ["kinesis:*", "s3:*"] }),
        /Statement\[1\]/,
      ],
      ["no resource", documentOf(nowhere), /Resource must be the stream's ARN/],
      [
        "another stream",
        documentOf({ ...valid, Resource: arnOf("other") }),
        /Resource must be the stream's ARN/,
      ],
      ["every resource", documentOf({ ...valid, Resource: "*" }), /Resource must be the stream's ARN/],
    ] as const) {
      it(`is rejected with ${what}`, async () => {
        const isThere = await get(arnOf("documents")).catch(() => undefined);
        if (isThere === undefined) await createStream("documents");
        const failure = await failureOf(put(arnOf("documents"), policy));
        expect(failure).to.include({ name: "InvalidArgumentException", status: 400 });
        expect(failure.message).to.match(message);
        expect(await get(arnOf("documents"))).to.equal("{}");
      });
    }
  });

  describe("that denies requests without TLS", () => {
    it("denies the stream's owner without TLS, and allows requests with it", async () => {
      const arn = await createStream();
      await write(plainly(), arn);
      await put(arn, documentOf(denyWithoutTls(arn)));
      const failure = await failureOf(write(plainly(), arn));
      expect(failure).to.include({ name: "AccessDeniedException", status: 400 });
      expect(failure.message).to.match(explicitDeny);
      await write(kinesis, arn);
    });

    it("denies a role's session without TLS, and allows requests with it", async () => {
      const arn = await createStream();
      const session = await sessionOf(["kinesis:PutRecord"], arn);
      await put(arn, documentOf(denyWithoutTls(arn)));
      await write(session, arn);
      const failure = await failureOf(write(plainly(session), arn));
      expect(failure.message).to.match(explicitDeny);
      await remove(arn);
      await write(plainly(session), arn);
    });

    it("does not affect other streams", async () => {
      const [guarded, open] = [await createStream(), await createStream()];
      await put(guarded, documentOf(denyWithoutTls(guarded)));
      await write(plainly(), open);
    });

    it("applies to a read by an iterator, and to the policy itself", async () => {
      const arn = await createStream();
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({
          StreamARN: arn,
          ShardId: "shardId-000000000000",
          ShardIteratorType: "TRIM_HORIZON",
        }),
      );
      const document = documentOf(denyWithoutTls(arn));
      await put(arn, document);
      const reading = plainly().send(new GetRecordsCommand({ ShardIterator }));
      expect((await failureOf(reading)).message).to.match(explicitDeny);
      expect((await failureOf(put(arn, document, plainly()))).message).to.match(explicitDeny);
    });

    it("applies to an action that identity policies can grant only on all resources", async () => {
      const arn = await createStream();
      await put(arn, documentOf(denyWithoutTls(arn)));
      const StreamModeDetails = { StreamMode: "PROVISIONED" } as const;
      const change = new UpdateStreamModeCommand({ StreamARN: arn, StreamModeDetails });
      expect((await failureOf(plainly().send(change))).message).to.match(explicitDeny);
      await kinesis.send(change);
    });
  });

  describe("that allows", () => {
    const allowing = (AWS: string, Resource: string) =>
      documentOf({ Effect: "Allow", Principal: { AWS }, Action: "kinesis:PutRecord", Resource });

    it("suffices within the account for a role that may only list", async () => {
      const arn = await createStream();
      const session = await sessionOf(["kinesis:ListShards"], arn);
      expect((await failureOf(write(session, arn))).message).to.match(
        /because no identity-based policy allows/,
      );
      const { operator } = aws.principals;
      await put(arn, allowing(operator.arn, arn));
      expect((await failureOf(write(session, arn))).name).to.equal("AccessDeniedException");
      await put(arn, allowing(`arn:aws:iam::${CUSTOMER}:role/role-${made}`, arn));
      await write(session, arn);
    });

    it("opens the stream to another account whose own policies allow it too", async () => {
      const arn = await createStream();
      const { amplitude, stranger } = aws.principals;
      await put(arn, allowing(AMPLITUDE_ROOT, arn));
      const response = await write(clientsOf(aws, amplitude).kinesis, arn);
      expect(response.SequenceNumber).to.match(/^\d+$/);
      const failure = await failureOf(write(clientsOf(aws, stranger).kinesis, arn));
      expect(failure.message).to.match(
        /because no resource-based policy allows the kinesis:PutRecord action$/,
      );
    });

    it("lets another account read by the iterator it requested", async () => {
      const arn = await createStream();
      const Action = ["kinesis:GetShardIterator", "kinesis:GetRecords"];
      const reading = { Effect: "Allow", Principal: { AWS: AMPLITUDE_ROOT }, Action, Resource: arn };
      await put(arn, documentOf(reading));
      const { kinesis: outsider } = clientsOf(aws, aws.principals.amplitude);
      const start = { ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" } as const;
      const { ShardIterator } = await outsider.send(
        new GetShardIteratorCommand({ StreamARN: arn, ...start }),
      );
      expect((await outsider.send(new GetRecordsCommand({ ShardIterator }))).Records).to.deep.equal([]);
    });

    it("can't be changed by another account", async () => {
      const arn = await createStream();
      const everything = documentOf({
        Effect: "Allow",
        Principal: { AWS: AMPLITUDE_ROOT },
        Action: "kinesis:*",
        Resource: arn,
      });
      await put(arn, everything);
      const { kinesis: outsider } = clientsOf(aws, aws.principals.amplitude);
      expect(await failureOf(put(arn, everything, outsider))).to.include({ name: "AccessDeniedException" });
    });
  });

  it("can be put only with the permission to do so", async () => {
    const arn = await createStream();
    const session = await sessionOf(["kinesis:PutRecord"], arn);
    const failure = await failureOf(put(arn, documentOf(denyWithoutTls(arn)), session));
    expect(failure.message).to.match(
      /because no identity-based policy allows the kinesis:PutResourcePolicy action$/,
    );
  });

  /** The same principal; its requests are marked as sent without TLS. */
  function plainly(of: KinesisClient = kinesis): KinesisClient {
    const { credentials } = of.config;
    const client = clientsOf(aws, aws.principals.operator, { credentials }).kinesis;
    client.middlewareStack.add(
      (next) => (call) => {
        (call.request as { headers: Record<string, string> }).headers["x-sandbox-transport"] = "plain";
        return next(call);
      },
      { step: "build" },
    );
    return client;
  }
});
