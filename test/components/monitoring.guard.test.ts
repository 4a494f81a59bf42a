import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { guardPattern } from "../../components/contract";
import type { AmplitudeKinesisDestinationArgs } from "../../components/index";
import { render, resolvedValue, settle } from "./rendered";

const TOPIC = "arn:aws:sns:us-east-1:111122223333:on-call";
const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/acme-stream-0a1b2c3";
const KEY = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const guard = { projectIds: [100011471, 200] };

/** Returns the guard's resources by the rest of their names: `pipe` for the pipe. */
async function guardOf(args: AmplitudeKinesisDestinationArgs) {
  const { destination, resources } = await render("acme", args);
  await resolvedValue(pulumi.all([destination.policyArn, destination.streamName, destination.guardPipeArn]));
  await settle();
  const ofGuard = resources.filter(({ name }) => name.startsWith("acme-guard"));
  return Object.fromEntries(
    ofGuard.map(({ name, inputs }) => [name.replace(/^acme-guard-?/, "") || "pipe", inputs]),
  );
}

const documentOf = async (args: AmplitudeKinesisDestinationArgs) =>
  JSON.parse((await guardOf(args)).policy?.policy);

describe("the guard", () => {
  it("is created only on request", async () => {
    expect(await guardOf({})).to.deep.equal({});
    const { destination } = await render("acme", {});
    expect(destination.guardPipeArn).to.equal(undefined);
  });

  it("lets only records of other projects through, and writes three of their fields to the log group", async () => {
    const { pipe, log } = await guardOf({ guard });
    expect(pipe).to.deep.equal({
      description: "Reports events of other Amplitude projects",
      desiredState: "RUNNING",
      source: STREAM,
      target: "arn:aws:logs:us-east-1:111122223333:log-group:acme-guard-log-0a1b2c3",
      roleArn: "arn:aws:iam::111122223333:role/acme-guard-role-0a1b2c3",
      sourceParameters: {
        filterCriteria: {
          filters: [{ pattern: '{"data":{"app":[{"anything-but":[100011471,200]},{"exists":false}]}}' }],
        },
        kinesisStreamParameters: {
          startingPosition: "TRIM_HORIZON",
          batchSize: 100,
          maximumRetryAttempts: 100,
          onPartialBatchItemFailure: "AUTOMATIC_BISECT",
        },
      },
      targetParameters: {
        inputTemplate:
          '{"app": <$.data.app>, "eventType": <$.data.event_type>, "sequenceNumber": <$.sequenceNumber>}',
      },
      tags: { "amplitude-kinesis:destination": "acme" },
    });
    expect(log).to.deep.equal({
      retentionInDays: 365,
      tags: { "amplitude-kinesis:destination": "acme" },
    });
  });

  it("counts every line of the log group in the metric that its alarm watches", async () => {
    const { filter, alarm } = await guardOf({ guard: { ...guard, logRetentionDays: 30 } });
    const metric = { namespace: "AmplitudeKinesis", name: "events-of-other-projects-acme-stream-0a1b2c3" };
    expect(filter).to.deep.equal({
      logGroupName: "acme-guard-log-0a1b2c3",
      pattern: "",
      metricTransformation: { ...metric, value: "1" },
    });
    const { alarmDescription, ...rest } = alarm;
    expect(alarmDescription).to.include("events of another Amplitude project");
    expect(rest).to.deep.equal({
      namespace: metric.namespace,
      metricName: metric.name,
      statistic: "Sum",
      period: 60,
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 1,
      treatMissingData: "notBreaching",
      alarmActions: [],
      okActions: [],
      tags: { "amplitude-kinesis:destination": "acme" },
    });
  });

  it("notifies the actions of the alarms, unless it has its own", async () => {
    const alarms = { actionArns: [TOPIC] };
    expect((await guardOf({ alarms, guard })).alarm?.alarmActions).to.deep.equal([TOPIC]);
    const own = { alarms, guard: { ...guard, actionArns: [pulumi.output(`${TOPIC}-2`)] } };
    expect((await guardOf(own)).alarm?.alarmActions).to.deep.equal([`${TOPIC}-2`]);
    expect((await guardOf({ alarms, guard: { ...guard, actionArns: [] } })).alarm?.okActions).to.deep.equal(
      [],
    );
  });

  it("lets only pipes of its name use the role, which may read the stream and write to the log group", async () => {
    const { role } = await guardOf({ guard, permissionsBoundaryArn: "arn:aws:iam::aws:policy/Boundary" });
    expect(role?.permissionsBoundary).to.equal("arn:aws:iam::aws:policy/Boundary");
    expect(JSON.parse(role?.assumeRolePolicy).Statement).to.deep.equal([
      {
        Sid: "PipeAssumesRole",
        Effect: "Allow",
        Principal: { Service: "pipes.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          StringEquals: { "aws:SourceAccount": "111122223333" },
          ArnLike: { "aws:SourceArn": "arn:aws:pipes:us-east-1:111122223333:pipe/*acme-guard*" },
        },
      },
    ]);
    expect((await documentOf({ guard })).Statement).to.have.length(2);
  });

  it("decrypts a customer's key only through Kinesis for this stream", async () => {
    const [, , statement] = (await documentOf({ guard, kmsKeyArn: KEY })).Statement;
    expect(statement).to.deep.equal({
      Sid: "DecryptStream",
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: KEY,
      Condition: {
        StringEquals: {
          "kms:ViaService": "kinesis.us-east-1.amazonaws.com",
          "kms:EncryptionContext:aws:kinesis:arn": STREAM,
        },
      },
    });
  });

  it("is created in the region of an existing stream", async () => {
    const existingStreamArn = "arn:aws:kinesis:eu-central-1:111122223333:stream/theirs";
    const { pipe, log, filter, alarm } = await guardOf({ existingStreamArn, guard });
    for (const each of [pipe, log, filter, alarm]) expect(each?.region).to.equal("eu-central-1");
    expect(pipe?.source).to.equal(existingStreamArn);
    expect(filter?.metricTransformation.name).to.equal("events-of-other-projects-theirs");
  });

  it("takes Outputs", async () => {
    const { destination } = await render("acme", {
      guard: { projectIds: pulumi.output([1, 2]), logRetentionDays: pulumi.output(7) },
    });
    expect(await resolvedValue(destination.guardProjectIds as pulumi.Output<number[]>)).to.deep.equal([1, 2]);
    expect(await resolvedValue(destination.guardPipeArn as pulumi.Output<string>)).to.match(
      /^arn:aws:pipes:/,
    );
    await settle();
  });

  it("has a pattern within the limit of 4,096 characters with the most and longest ids", () => {
    const ids = Array.from({ length: 50 }, (_, index) => Number.MAX_SAFE_INTEGER - index);
    expect(guardPattern(ids).length).to.be.below(4_096);
  });
});
