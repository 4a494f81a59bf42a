import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { expect } from "chai";
import type { Credentials, Fixture } from "../localAws";
import { allow, assume, clientsOf, failureOf, startInFolder, trustOf } from "../localAws";

const ALARM = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:";

const silence = (AlarmName: string, more: object = {}): PutMetricAlarmCommandInput => ({
  AlarmName,
  MetricName: "IncomingRecords",
  Namespace: "AWS/Kinesis",
  Statistic: "Sum",
  Period: 60,
  EvaluationPeriods: 60,
  Threshold: 1,
  ComparisonOperator: "LessThanThreshold",
  Dimensions: [{ Name: "StreamName", Value: "events" }],
  ...more,
});

describe("the sandbox's CloudWatch", () => {
  let aws: Fixture;
  before(async () => {
    aws = await startInFolder();
  });
  after(() => aws?.remove());
  const clientOf = (credentials: Credentials, region = aws.region) =>
    new CloudWatchClient({ endpoint: aws.endpoint, region, credentials, maxAttempts: 1 });
  const operator = (region?: string) => clientOf(aws.principals.operator, region);
  const put = (alarm: PutMetricAlarmCommandInput) => operator().send(new PutMetricAlarmCommand(alarm));
  const described = async (...AlarmNames: string[]) =>
    (await operator().send(new DescribeAlarmsCommand({ AlarmNames }))).MetricAlarms ?? [];
  const tagsOf = async (name: string) =>
    (await operator().send(new ListTagsForResourceCommand({ ResourceARN: ALARM + name }))).Tags;

  it("stores an alarm as it was put, and replaces all of it except its tags", async () => {
    const Tags = [{ Key: "team", Value: "data" }];
    await put(silence("kept", { AlarmDescription: "silence", TreatMissingData: "breaching", Tags }));
    const [alarm] = await described("kept");
    expect(alarm).to.deep.include({
      ...silence("kept"),
      AlarmArn: `${ALARM}kept`,
      AlarmDescription: "silence",
      TreatMissingData: "breaching",
      ActionsEnabled: true,
      StateValue: "INSUFFICIENT_DATA",
    });
    await put(silence("kept", { Threshold: 2, Tags: [{ Key: "team", Value: "other" }] }));
    const [changed] = await described("kept");
    expect(changed).to.include({ Threshold: 2 });
    expect(changed?.AlarmDescription).to.equal(undefined);
    expect(await tagsOf("kept")).to.deep.equal(Tags);
  });

  it("tags and untags", async () => {
    await put(silence("tagged"));
    const ResourceARN = `${ALARM}tagged`;
    const Tags = [
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ];
    await operator().send(new TagResourceCommand({ ResourceARN, Tags }));
    await operator().send(new UntagResourceCommand({ ResourceARN, TagKeys: ["a"] }));
    expect(await tagsOf("tagged")).to.deep.equal([{ Key: "b", Value: "2" }]);
    const missing = new ListTagsForResourceCommand({ ResourceARN: `${ALARM}nowhere` });
    expect(await failureOf(operator().send(missing))).to.include({ name: "ResourceNotFoundException" });
  });

  it("deletes all named alarms or none", async () => {
    await put(silence("first"));
    const failure = await failureOf(
      operator().send(new DeleteAlarmsCommand({ AlarmNames: ["first", "nowhere"] })),
    );
    expect(failure).to.include({ name: "ResourceNotFound", status: 404 });
    expect(await described("first")).to.have.lengthOf(1);
    await operator().send(new DeleteAlarmsCommand({ AlarmNames: ["first"] }));
    expect(await described("first")).to.deep.equal([]);
  });

  it("separates regions and accounts", async () => {
    await put(silence("here"));
    const elsewhere = [operator("eu-west-1"), clientOf(aws.principals.stranger)];
    for (const client of elsewhere) {
      expect((await client.send(new DescribeAlarmsCommand({}))).MetricAlarms).to.deep.equal([]);
    }
  });

  it("denies every action that the caller's policies don't allow", async () => {
    const { iam } = clientsOf(aws, aws.principals.operator);
    const RoleName = "watcher";
    const AssumeRolePolicyDocument = trustOf(aws.principals.operator.arn);
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const actions = ["cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms"];
    const PolicyDocument = allow(actions, [`${ALARM}mine-*`]);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "watch", PolicyDocument }));
    const client = clientOf(await assume(aws, aws.principals.operator, Role?.Arn ?? ""));
    await client.send(new PutMetricAlarmCommand(silence("mine-1")));
    const refused = [
      new PutMetricAlarmCommand(silence("theirs")),
      new PutMetricAlarmCommand(silence("mine-2", { Tags: [{ Key: "a", Value: "b" }] })),
      new DescribeAlarmsCommand({}),
      new DeleteAlarmsCommand({ AlarmNames: ["mine-1"] }),
    ];
    for (const command of refused) {
      const { name } = await failureOf(client.send(command as PutMetricAlarmCommand));
      expect(name, command.constructor.name).to.equal("AccessDeniedException");
    }
    expect(await described("mine-1", "mine-2", "theirs")).to.have.lengthOf(1);
  });

  const topic = "arn:aws:sns:us-east-1:111122223333:on-call";
  const refused: [string, object, string][] = [
    ["an hour and a second", { Period: 3601 }, "Period"],
    ["more than a day of minutes", { EvaluationPeriods: 1441 }, "EvaluationPeriods × Period"],
    ["more breaches than periods", { DatapointsToAlarm: 61 }, "DatapointsToAlarm"],
    ["no metric", { MetricName: undefined }, "MetricName"],
    ["a threshold of text", { Threshold: Number.NaN }, "Threshold"],
    ["another comparison", { ComparisonOperator: "Equals" }, "ComparisonOperator"],
    ["another word on missing data", { TreatMissingData: "bad" }, "TreatMissingData"],
    ["six actions", { AlarmActions: Array.from({ length: 6 }, () => topic) }, "AlarmActions"],
    ["a topic of another region", { OKActions: [topic.replace("us-east", "us-west")] }, "Invalid region"],
    ["a percentile, which is not kept", { ExtendedStatistic: "p99" }, "ExtendedStatistic"],
  ];
  for (const [what, members, says] of refused) {
    it(`rejects ${what}`, async () => {
      const { name, message } = await failureOf(put(silence("bad", members)));
      expect(name).to.match(/^(InvalidParameter|MissingRequired)/);
      expect(message).to.include(says);
      expect(await described("bad")).to.deep.equal([]);
    });
  }
});
