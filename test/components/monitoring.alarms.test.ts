import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import type { AmplitudeKinesisDestinationArgs, DeliveryAlarms } from "../../components/index";
import { minuteLimit } from "../../components/monitoring";
import { render, resolvedValue, settle } from "./rendered";

const TOPIC = "arn:aws:sns:us-east-1:111122223333:on-call";

/** Returns the alarms by the suffix of their names. */
async function alarmsOf(args: AmplitudeKinesisDestinationArgs) {
  const { destination, resources } = await render("acme", args);
  await resolvedValue(pulumi.all([destination.policyArn, destination.streamName]));
  await settle();
  const alarms = resources.filter(({ type }) => type === "aws:cloudwatch/metricAlarm:MetricAlarm");
  return Object.fromEntries(alarms.map(({ name, inputs }) => [name.replace("acme-", ""), inputs]));
}

describe("alarms on the stream", () => {
  it("are created only on request", async () => {
    expect(await alarmsOf({})).to.deep.equal({});
  });

  it("are two for an ON_DEMAND stream: silence, which includes missing data, and throttled records", async () => {
    const alarms = await alarmsOf({ streamName: "events", alarms: {} });
    expect(alarms).to.have.all.keys("silence", "throttled");
    const { alarmDescription, ...silence } = alarms.silence;
    expect(alarmDescription).to.match(/^events has received no record for 60 minutes: .*verify/);
    expect(silence).to.deep.equal({
      namespace: "AWS/Kinesis",
      metricName: "IncomingRecords",
      dimensions: { StreamName: "events" },
      statistic: "Sum",
      period: 60,
      comparisonOperator: "LessThanThreshold",
      threshold: 1,
      evaluationPeriods: 60,
      datapointsToAlarm: 60,
      treatMissingData: "breaching",
      alarmActions: [],
      okActions: [],
      tags: { "amplitude-kinesis:destination": "acme" },
    });
    expect(alarms.throttled).to.include({
      metricName: "WriteProvisionedThroughputExceeded",
      comparisonOperator: "GreaterThanThreshold",
      threshold: 0,
      evaluationPeriods: 5,
      datapointsToAlarm: 5,
      treatMissingData: "notBreaching",
    });
  });

  it("are four for a PROVISIONED stream, two of them at 80 percent of its shards' capacity per minute", async () => {
    const alarms = await alarmsOf({ streamMode: "PROVISIONED", shardCount: 3, alarms: {} });
    expect(alarms).to.have.all.keys("silence", "throttled", "record-limit", "byte-limit");
    const watched = { comparisonOperator: "GreaterThanOrEqualToThreshold", treatMissingData: "notBreaching" };
    expect(alarms["record-limit"]).to.include({
      ...watched,
      metricName: "IncomingRecords",
      threshold: 144_000,
    });
    expect(alarms["byte-limit"]).to.include({
      ...watched,
      metricName: "IncomingBytes",
      threshold: 144_000_000,
    });
  });

  it("take the capacity of any other stream from capacityShards", async () => {
    const alarms = await alarmsOf({ alarms: { capacityShards: pulumi.output(4), capacityPercent: 50 } });
    expect(alarms["record-limit"]?.threshold).to.equal(120_000);
  });

  it("take their minutes, actions and tags from the inputs, and notify when they start and end", async () => {
    const { silence, throttled } = await alarmsOf({
      tags: { team: "data" },
      alarms: { actionArns: [pulumi.output(TOPIC)], silenceMinutes: 15, throttledMinutes: 2 },
    });
    expect(silence).to.deep.include({ evaluationPeriods: 15, datapointsToAlarm: 15 });
    expect(throttled).to.deep.include({ evaluationPeriods: 2, datapointsToAlarm: 2 });
    for (const alarm of [silence, throttled]) {
      expect(alarm.alarmActions).to.deep.equal([TOPIC]);
      expect(alarm.okActions).to.deep.equal([TOPIC]);
      expect(alarm.tags.team).to.equal("data");
    }
  });

  it("are rejected if their number of shards resolves to undefined", () => {
    expect(minuteLimit("IncomingRecords", 50, 2)).to.equal(60_000);
    expect(() => minuteLimit("IncomingRecords", 50, undefined)).to.throw("resolved to undefined");
  });

  it("use their defaults for inputs that resolve to undefined", async () => {
    const none = pulumi.output<undefined>(undefined);
    const inputs = { actionArns: none, silenceMinutes: none, throttledMinutes: none, capacityPercent: none };
    const alarms = (shards: object) => ({ ...shards, capacityShards: 2 }) as DeliveryAlarms;
    expect(await alarmsOf({ alarms: alarms(inputs) })).to.deep.equal(await alarmsOf({ alarms: alarms({}) }));
  });

  it("are created in the region of an existing stream", async () => {
    const existingStreamArn = "arn:aws:kinesis:eu-central-1:111122223333:stream/theirs";
    const { silence } = await alarmsOf({ existingStreamArn, alarms: {} });
    expect(silence).to.deep.include({ region: "eu-central-1", dimensions: { StreamName: "theirs" } });
  });
});
