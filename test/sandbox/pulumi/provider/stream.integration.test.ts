import {
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  type DescribeStreamSummaryOutput,
  RemoveTagsFromStreamCommand,
  StopStreamEncryptionCommand,
} from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { connect } from "../../../../sandbox/pulumi/provider/clients";
import { diff } from "../../../../sandbox/pulumi/provider/diff";
import { create, HalfMadeError, read, update } from "../../../../sandbox/pulumi/provider/lifecycle";
import { streamType } from "../../../../sandbox/pulumi/provider/stream";
import { activeStream, findStream, goneStream } from "../../../../sandbox/pulumi/provider/streamUpdate";
import { sandboxRun } from "../provisioning/sandboxRun";
import { checked } from "./inputs";

describe("the provider's stream", () => {
  const account = sandboxRun();
  const inputsOf = (name: string, more: object = {}) =>
    checked(streamType, name, { name, streamModeDetails: { streamMode: "ON_DEMAND" }, ...more });
  /** Creates clients for one test. */
  const operators = () => {
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = account.local.principals.operator;
    const endpoints = { kinesis: account.local.endpoint };
    return connect({ region: "us-east-1", accessKey, secretKey, endpoints });
  };
  const summary = async (name: string) => {
    const command = new DescribeStreamSummaryCommand({ StreamName: name });
    return (await account.aws.kinesis("us-east-1").send(command)).StreamDescriptionSummary;
  };

  it("is created with its retention, encryption and tags, and reported in the service's state", async () => {
    const inputs = inputsOf("whole", {
      retentionPeriod: 168,
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
      tags: { team: "data" },
    });
    const { id, state } = await create(account.aws, streamType, inputs);
    expect(id).to.equal("arn:aws:kinesis:us-east-1:111122223333:stream/whole");
    expect(state).to.deep.include({
      arn: id,
      name: "whole",
      region: "us-east-1",
      retentionPeriod: 168,
      encryptionType: "KMS",
      streamModeDetails: { streamMode: "ON_DEMAND" },
      tags: { team: "data" },
      tagsAll: { team: "data" },
    });
    expect(await summary("whole")).to.include({
      StreamStatus: "ACTIVE",
      RetentionPeriodHours: 168,
      EncryptionType: "KMS",
    });
    expect(diff(streamType, state, inputs).properties).to.deep.equal([]);
  });

  it("is changed in place: retention up and down, encryption off and on, key, metrics, tags", async () => {
    const first = await create(account.aws, streamType, inputsOf("changing", { tags: { a: "1", b: "2" } }));
    const changes = [
      { retentionPeriod: 48, encryptionType: "KMS", kmsKeyId: "alias/aws/kinesis", tags: { b: "3", c: "4" } },
      {
        retentionPeriod: 30,
        encryptionType: "KMS",
        kmsKeyId: "alias/own",
        shardLevelMetrics: ["OutgoingBytes", "IncomingBytes"],
      },
      { shardLevelMetrics: ["OutgoingBytes"], maxRecordSizeInKib: 2048 },
    ];
    for (const change of changes) {
      const inputs = inputsOf("changing", change);
      const { id, state } = await update(account.aws, streamType, first.id, inputs);
      expect(id).to.equal(first.id);
      expect(diff(streamType, state, inputs).properties, JSON.stringify(change)).to.deep.equal([]);
    }
    expect(await summary("changing")).to.include({
      RetentionPeriodHours: 24,
      EncryptionType: "NONE",
      MaxRecordSizeInKiB: 2048,
    });
  });

  it("makes the real provider's calls, in the same order", async () => {
    const aws = operators();
    const calls: string[] = [];
    aws.kinesis("us-east-1").middlewareStack.add(
      (next, { commandName }) =>
        (args) => {
          // The number of status requests depends on timing.
          if (commandName !== "DescribeStreamSummaryCommand")
            calls.push(`${commandName}`.replace("Command", ""));
          return next(args);
        },
      { step: "initialize" },
    );
    const callsOf = async (work: Promise<unknown>) => {
      await work;
      return calls.splice(0);
    };
    const tags = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`k${index}`, "v"]));
    const key = { encryptionType: "KMS", kmsKeyId: "alias/aws/kinesis" };
    const whole = { ...key, retentionPeriod: 48, shardLevelMetrics: ["IncomingBytes"], tags: { k0: "v" } };
    const id = "arn:aws:kinesis:us-east-1:111122223333:stream/called";
    expect(await callsOf(create(aws, streamType, inputsOf("called", whole)))).to.deep.equal([
      "CreateStream",
      "IncreaseStreamRetentionPeriod",
      "EnableEnhancedMonitoring",
      "StartStreamEncryption",
      "ListTagsForStream",
    ]);
    const changed = { retentionPeriod: 24, maxRecordSizeInKib: 2048, tags };
    expect(await callsOf(update(aws, streamType, id, inputsOf("called", changed)))).to.deep.equal([
      "ListTagsForStream",
      "AddTagsToStream",
      "AddTagsToStream",
      "DecreaseStreamRetentionPeriod",
      "DisableEnhancedMonitoring",
      "StopStreamEncryption",
      "UpdateMaxRecordSize",
      "ListTagsForStream",
    ]);
    expect((await read(aws, streamType, id, {}, {}))?.state.tags).to.deep.equal(tags);
    const bare = callsOf(update(aws, streamType, id, inputsOf("called", { tags: {} })));
    expect((await bare).filter((call) => call === "RemoveTagsFromStream")).to.have.lengthOf(2);
    expect(await callsOf(streamType.delete(aws, id, {}))).to.deep.equal(["DeleteStream"]);
    aws.close();
  });

  it("accepts another number of shards, and another mode", async () => {
    const { id } = await create(
      account.aws,
      streamType,
      checked(streamType, "shards", { name: "shards", shardCount: 1 }),
    );
    const more = checked(streamType, "shards", { name: "shards", shardCount: 2 });
    expect((await update(account.aws, streamType, id, more)).state).to.include({ shardCount: 2 });
    const { state } = await update(account.aws, streamType, id, inputsOf("shards"));
    expect(state).to.deep.include({ streamModeDetails: { streamMode: "ON_DEMAND" } });
    expect(state).not.to.have.property("shardCount");
  });

  it("that was changed outside the program is detected by a read, and corrected by an update", async () => {
    const inputs = inputsOf("drifting", {
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
      tags: { team: "data" },
    });
    const { id, state } = await create(account.aws, streamType, inputs);
    const kinesis = account.aws.kinesis("us-east-1");
    await kinesis.send(new RemoveTagsFromStreamCommand({ StreamName: "drifting", TagKeys: ["team"] }));
    const KeyId = "alias/aws/kinesis";
    await kinesis.send(
      new StopStreamEncryptionCommand({ StreamName: "drifting", EncryptionType: "KMS", KeyId }),
    );
    await activeStream(account.aws, { region: "us-east-1", name: "drifting" });
    const reading = await read(account.aws, streamType, id, inputs, state);
    const found = diff(streamType, reading?.state ?? {}, inputs).properties.map(({ path }) => path);
    expect(found).to.have.members(["encryptionType", "kmsKeyId", "tags.team"]);
    const mended = await update(account.aws, streamType, id, inputs);
    expect(diff(streamType, mended.state, inputs).properties).to.deep.equal([]);
  });

  it("is read by its name for an import, with every input that a program needs", async () => {
    await create(
      account.aws,
      streamType,
      inputsOf("imported", { retentionPeriod: 72, tags: { team: "data" } }),
    );
    const reading = await read(account.aws, streamType, "imported", {}, {});
    expect(reading?.id).to.equal("arn:aws:kinesis:us-east-1:111122223333:stream/imported");
    expect(reading?.inputs).to.deep.include({
      name: "imported",
      retentionPeriod: 72,
      tags: { team: "data" },
    });
    expect(
      diff(
        streamType,
        reading?.state ?? {},
        inputsOf("imported", { retentionPeriod: 72, tags: { team: "data" } }),
      ).properties,
    ).to.deep.equal([]);
  });

  it("that no longer exists reads as absent, and its deletion succeeds", async () => {
    const { id, state } = await create(account.aws, streamType, inputsOf("gone"));
    await account.aws.kinesis("us-east-1").send(new DeleteStreamCommand({ StreamName: "gone" }));
    await goneStream(account.aws, { region: "us-east-1", name: "gone" });
    expect(await read(account.aws, streamType, id, inputsOf("gone"), state)).to.equal(undefined);
    await streamType.delete(account.aws, id, state);
  });

  it("no longer exists when its deletion has returned", async () => {
    const { id, state } = await create(account.aws, streamType, inputsOf("deleted"));
    await streamType.delete(account.aws, id, state);
    expect(await findStream(account.aws, { region: "us-east-1", name: "deleted" })).to.equal(undefined);
  });

  it("that could not be encrypted after its creation is returned as partial, and completed by the next update", async () => {
    const inputs = inputsOf("half", { encryptionType: "KMS", retentionPeriod: 48 });
    const error = await create(account.aws, streamType, inputs).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(HalfMadeError);
    const { id, state, message } = error as HalfMadeError;
    expect(message).to.match(/KMS Key Id required/);
    expect(state).to.deep.include({ encryptionType: "NONE", retentionPeriod: 48, arn: id });
    const whole = { ...inputs, kmsKeyId: "alias/aws/kinesis" };
    expect((await update(account.aws, streamType, id, whole)).state).to.include({ encryptionType: "KMS" });
  });

  it("is created in the region that it names", async () => {
    const { id, state } = await create(account.aws, streamType, inputsOf("far", { region: "eu-west-1" }));
    expect(id).to.equal("arn:aws:kinesis:eu-west-1:111122223333:stream/far");
    expect(state).to.include({ region: "eu-west-1" });
    await streamType.delete(account.aws, id, state);
  });

  it("stops waiting when the engine cancels", async () => {
    const cancelled = operators();
    // The stream never appears as ACTIVE, however fast the engine is.
    cancelled.kinesis(cancelled.region).middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { StreamDescriptionSummary: summary } = result.output as DescribeStreamSummaryOutput;
        if (summary !== undefined) summary.StreamStatus = "CREATING";
        return result;
      },
      { step: "initialize" },
    );
    cancelled.cancel();
    const error = await create(cancelled, streamType, inputsOf("cancelled")).catch(
      (reason: unknown) => reason,
    );
    cancelled.close();
    expect(error).to.be.instanceOf(HalfMadeError);
    expect((error as HalfMadeError).id).to.match(/stream\/cancelled$/);
  });
});
