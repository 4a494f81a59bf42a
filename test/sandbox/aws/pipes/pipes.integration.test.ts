import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
  PutMetricFilterCommand,
  type PutMetricFilterCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  PutRecordCommand,
  SplitShardCommand,
} from "@aws-sdk/client-kinesis";
import {
  CreatePipeCommand,
  type CreatePipeCommandInput,
  DeletePipeCommand,
  DescribePipeCommand,
  ListTagsForResourceCommand,
  PipesClient,
  StartPipeCommand,
  StopPipeCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdatePipeCommand,
} from "@aws-sdk/client-pipes";
import { expect } from "chai";
import type { StartedAlarm } from "../../../../sandbox/aws/monitoring/server";
import { until } from "../../../until";
import { allow, assume, clientsOf, type Fixture, failureOf, startInFolder, trustOf } from "../localAws";
import { untilActive } from "../untilActive";

const STREAM = "arn:aws:kinesis:us-east-1:111122223333:stream/events";
const GROUP = "arn:aws:logs:us-east-1:111122223333:log-group:intruders";
const ROLE = "arn:aws:iam::111122223333:role/pipe";
const TOPIC = "arn:aws:sns:us-east-1:111122223333:on-call";
const TEMPLATE = '{"app": <$.data.app>, "eventType": <$.data.event_type>, "at": <$.sequenceNumber>}';
const patternFor = (...ids: number[]) =>
  JSON.stringify({ data: { app: [{ "anything-but": ids }, { exists: false }] } });
const READ = ["DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"].map(
  (action) => `kinesis:${action}`,
);
const WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"];
const TRUST = trustOf(
  { Service: "pipes.amazonaws.com" },
  {
    StringEquals: { "aws:SourceAccount": "111122223333" },
    ArnLike: { "aws:SourceArn": "arn:aws:pipes:us-east-1:111122223333:pipe/guard*" },
  },
);

describe("the sandbox's pipes", () => {
  let aws: Fixture;
  const started: StartedAlarm[] = [];
  before(async () => {
    aws = await startInFolder({ onAlarm: (alarm) => started.push(alarm) });
    const { kinesis, iam } = clients();
    await kinesis.send(new CreateStreamCommand({ StreamName: "events", ShardCount: 1 }));
    await active();
    await logs().send(new CreateLogGroupCommand({ logGroupName: "intruders" }));
    await logs().send(new PutMetricFilterCommand(filter()));
    await cloudwatch().send(
      new PutMetricAlarmCommand({
        AlarmName: "intruder",
        Namespace: "Guard",
        MetricName: "intruders",
        Statistic: "Sum",
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: "GreaterThanThreshold",
        TreatMissingData: "notBreaching",
        AlarmActions: [TOPIC],
      }),
    );
    await iam.send(new CreateRoleCommand({ RoleName: "pipe", AssumeRolePolicyDocument: TRUST }));
    await permit(allow(READ, [STREAM]), allow(WRITE, [`${GROUP}:*`]));
  });
  after(() => aws?.remove());

  const settings = () => ({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: aws.principals.operator,
    maxAttempts: 1,
  });
  const clients = () => clientsOf(aws, aws.principals.operator);
  const logs = () => new CloudWatchLogsClient(settings());
  const cloudwatch = () => new CloudWatchClient(settings());
  const pipes = (more = {}) => new PipesClient({ ...settings(), ...more });
  const active = () =>
    untilActive(async () => {
      const command = new DescribeStreamSummaryCommand({ StreamName: "events" });
      return (await clients().kinesis.send(command)).StreamDescriptionSummary?.StreamStatus;
    });
  const permit = async (...documents: string[]) => {
    for (const [index, PolicyDocument] of documents.entries()) {
      const PolicyName = `permission-${index}`;
      await clients().iam.send(new PutRolePolicyCommand({ RoleName: "pipe", PolicyName, PolicyDocument }));
    }
  };
  const filter = (more: object = {}): PutMetricFilterCommandInput => ({
    logGroupName: "intruders",
    filterName: "all",
    filterPattern: "",
    metricTransformations: [{ metricNamespace: "Guard", metricName: "intruders", metricValue: "1", ...more }],
  });
  const pipe = (Name: string, more: Partial<CreatePipeCommandInput> = {}): CreatePipeCommandInput => ({
    Name,
    RoleArn: ROLE,
    Source: STREAM,
    SourceParameters: {
      FilterCriteria: { Filters: [{ Pattern: patternFor(100) }] },
      KinesisStreamParameters: { StartingPosition: "TRIM_HORIZON" },
    },
    Target: GROUP,
    TargetParameters: { InputTemplate: TEMPLATE },
    ...more,
  });
  const create = async (input: CreatePipeCommandInput) => {
    await pipes().send(new CreatePipeCommand(input));
    return settled(input.Name ?? "");
  };
  const describePipe = (Name: string) => pipes().send(new DescribePipeCommand({ Name }));
  const settled = async (name: string) => {
    const isSettled = (state = "") => state === "RUNNING" || !state.endsWith("ING");
    await until(async () => isSettled((await describePipe(name)).CurrentState));
    return describePipe(name);
  };
  const write = (...payloads: unknown[]) =>
    Promise.all(
      payloads.map((payload) => {
        const Data = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
        const command = new PutRecordCommand({ StreamName: "events", PartitionKey: "key", Data });
        return clients().kinesis.send(command);
      }),
    );
  const lines = async () => {
    const { events = [] } = await logs().send(new FilterLogEventsCommand({ logGroupName: "intruders" }));
    return events.map(({ message = "" }) => JSON.parse(message) as { eventType: string });
  };
  const hasLine = (eventType: string) => async () =>
    (await lines()).some((line) => line.eventType === eventType);

  it("write only the template's fields of records that pass the filter, and raise an alarm", async () => {
    await write({ app: 100, event_type: "expected" }, "not JSON", {
      app: 7,
      event_type: "foreign",
      user_id: "u",
    });
    expect((await create(pipe("guard", { Tags: { team: "data" } }))).CurrentState).to.equal("RUNNING");
    await until(hasLine("foreign"));
    await write({ event_type: "without a project" });
    await until(hasLine("without a project"));
    const written = await lines();
    expect(written).to.have.length(2);
    expect(written[0]).to.have.all.keys("app", "eventType", "at");
    expect(written[1]).to.include({ app: null });

    expect(started).to.have.length(1);
    expect(started[0]).to.deep.include({ name: "intruder", actionArns: [TOPIC] });
    const { MetricAlarms } = await cloudwatch().send(new DescribeAlarmsCommand({ AlarmNames: ["intruder"] }));
    expect(MetricAlarms?.[0]?.StateValue).to.equal("ALARM");
  });

  it("read shards that are split, keep their position through an update and a stop, and pass other ids then", async () => {
    await clients().kinesis.send(
      new SplitShardCommand({
        StreamName: "events",
        ShardToSplit: "shardId-000000000000",
        NewStartingHashKey: (2n ** 127n).toString(),
      }),
    );
    await active();
    const { SourceParameters, Source: _, ...rest } = pipe("guard");
    const { KinesisStreamParameters: __, ...source } = SourceParameters ?? {};
    const Pattern = patternFor(7);
    await pipes().send(
      new UpdatePipeCommand({
        ...rest,
        SourceParameters: { ...source, FilterCriteria: { Filters: [{ Pattern }] } },
      }),
    );
    await settled("guard");
    await pipes().send(new StopPipeCommand({ Name: "guard" }));
    expect((await describePipe("guard")).CurrentState).to.equal("STOPPED");
    await write({ app: 100, event_type: "after the update" }, { app: 7, event_type: "expected now" });
    await pipes().send(new StartPipeCommand({ Name: "guard" }));
    await until(hasLine("after the update"));
    expect((await lines()).map(({ eventType }) => eventType)).to.deep.equal([
      "foreign",
      "without a project",
      "after the update",
    ]);
  });

  it("store tags, and are deleted", async () => {
    const resourceArn = (await describePipe("guard")).Arn;
    await pipes().send(new TagResourceCommand({ resourceArn, tags: { a: "1", b: "2" } }));
    await pipes().send(new UntagResourceCommand({ resourceArn, tagKeys: ["a", "team"] }));
    const { tags } = await pipes().send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).to.deep.equal({ b: "2" });
    await pipes().send(new DeletePipeCommand({ Name: "guard" }));
    expect((await failureOf(describePipe("guard"))).name).to.equal("NotFoundException");
  });

  it("fail if the role doesn't trust them, or may not read the stream or write to the log group", async () => {
    expect(await create(pipe("other-name"))).to.include({
      CurrentState: "CREATE_FAILED",
      StateReason: `pipes.amazonaws.com is not authorized to perform: sts:AssumeRole on ${ROLE}`,
    });
    await permit(allow(READ.slice(1), [STREAM]));
    expect((await create(pipe("guard-2"))).StateReason).to.include("kinesis:DescribeStreamSummary");
    await permit(allow(READ, [STREAM]), allow(WRITE, [`${GROUP}-2:*`]));
    expect((await create(pipe("guard-3"))).StateReason).to.include("logs:CreateLogStream");
    await permit(allow(READ, [STREAM]), allow(WRITE, [`${GROUP}:*`]));
  });

  it("are created only by callers who may pass the role", async () => {
    const { iam } = clients();
    const trust = trustOf(aws.principals.operator.arn);
    await iam.send(new CreateRoleCommand({ RoleName: "creator", AssumeRolePolicyDocument: trust }));
    const creator = "arn:aws:iam::111122223333:role/creator";
    const create = allow(["pipes:CreatePipe"], ["*"]);
    await iam.send(
      new PutRolePolicyCommand({ RoleName: "creator", PolicyName: "p", PolicyDocument: create }),
    );
    const credentials = await assume(aws, aws.principals.operator, creator);
    const refused = pipes({ credentials }).send(new CreatePipeCommand(pipe("guard-4")));
    expect((await failureOf(refused)).message).to.include("iam:PassRole");
  });

  it("refuse what they don't do", async () => {
    const KinesisStreamParameters = { StartingPosition: "TRIM_HORIZON" } as const;
    const wrong: [Partial<CreatePipeCommandInput>, string][] = [
      [{ Enrichment: "arn:aws:lambda:us-east-1:111122223333:function:f" }, "Enrichment"],
      [{ Target: "arn:aws:sqs:us-east-1:111122223333:queue" }, "Target"],
      [{ Target: GROUP.replace("us-east-1", "eu-west-1") }, "Target"],
      [{ Source: "arn:aws:sqs:us-east-1:111122223333:queue" }, "Source"],
      [{ TargetParameters: { InputTemplate: '"<$.data.app>"' } }, "InputTemplate"],
      [{ TargetParameters: { InputTemplate: '{"a": <aws.pipes.pipe-name>}' } }, "InputTemplate"],
      [
        {
          SourceParameters: {
            KinesisStreamParameters: { ...KinesisStreamParameters, ParallelizationFactor: 2 },
          },
        },
        "ParallelizationFactor",
      ],
      [
        {
          SourceParameters: {
            KinesisStreamParameters,
            FilterCriteria: { Filters: [{ Pattern: '{"data":[{"prefix":"a"}]}' }] },
          },
        },
        "prefix",
      ],
      [{ SourceParameters: {} }, "StartingPosition"],
    ];
    for (const [more, named] of wrong) {
      const failure = await failureOf(pipes().send(new CreatePipeCommand(pipe("guard-5", more))));
      expect(failure).to.include({ name: "ValidationException", status: 400 });
      expect(failure.message).to.include(named);
    }
    for (const more of [{ defaultValue: 0 }, { dimensions: { a: "$.a" } }, { metricValue: "$.n" }]) {
      const failure = await failureOf(logs().send(new PutMetricFilterCommand(filter(more))));
      expect(failure.name).to.equal("InvalidParameterException");
    }
    const other = { ...filter(), filterPattern: "{ $.app = * }" };
    expect((await failureOf(logs().send(new PutMetricFilterCommand(other)))).message).to.include(
      "only the empty pattern",
    );
  });
});
