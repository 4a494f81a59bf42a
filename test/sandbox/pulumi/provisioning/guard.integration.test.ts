import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { PutRecordCommand } from "@aws-sdk/client-kinesis";
import { DescribePipeCommand } from "@aws-sdk/client-pipes";
import { expect } from "chai";
import { provision } from "../../../../sandbox/pulumi/provisioning/engine";
import { until } from "../../../until";
import { broughtUp } from "./broughtUp";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

const PIPE = "aws:pipes/pipe:Pipe";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const TOPIC = "arn:aws:sns:us-east-1:111122223333:on-call";

describe("the stack's guard", () => {
  const run = sandboxRun();
  const region = () => run.local.region;
  const options = (stackName: string, config: Record<string, unknown>) => ({
    folder: run.folder,
    aws: run.local,
    stackName,
    config,
  });
  const write = (StreamName: string, event: object) => {
    const Data = Buffer.from(JSON.stringify(event));
    return run.aws.kinesis(region()).send(new PutRecordCommand({ StreamName, PartitionKey: "key", Data }));
  };
  const alarms = async () =>
    (await run.aws.cloudwatch(region()).send(new DescribeAlarmsCommand({}))).MetricAlarms ?? [];
  const pipeOf = (arn: unknown) =>
    run.aws.pipes(region()).send(new DescribePipeCommand({ Name: String(arn).split("/")[1] }));
  const logged = async (target = "") => {
    const logGroupName = target.slice(target.indexOf(":log-group:") + ":log-group:".length);
    const { events = [] } = await run.aws.logs(region()).send(new FilterLogEventsCommand({ logGroupName }));
    return events.map(({ message = "" }) => JSON.parse(message));
  };

  it("notices an intruder, and only the intruder, and is destroyed", async () => {
    const config = { guard: { projectIds: [100], logRetentionDays: 30 } };
    const { outputs, destroy } = await provision({ ...options("guarded", config), engine: "in-process" });
    const { streamName, ...others } = outputs;
    expect(others).to.deep.include({ guardProjectIds: [100] });
    const { guardPipeArn } = others as { guardPipeArn?: string };
    const { Target } = await pipeOf(guardPipeArn);
    await write(streamName, { app: 100, event_type: "ours", user_id: "u" });
    await write(streamName, { app: 7, event_type: "theirs", user_id: "u" });
    await until(async () => (await alarms()).some(({ StateValue }) => StateValue === "ALARM"));
    const [line, ...more] = await logged(Target);
    expect(more).to.deep.equal([]);
    expect(line).to.deep.include({ app: 7, eventType: "theirs" });
    expect(line).to.have.all.keys("app", "eventType", "sequenceNumber");
    await destroy();
    expect(await alarms()).to.deep.equal([]);
    await pipeOf(guardPipeArn).then(
      () => expect.fail("the pipe still exists"),
      (error) => expect(error.name).to.equal("NotFoundException"),
    );
  });

  describe("through the Pulumi engine", () => {
    const createStack = attachedStacks(run, engineOf(run));

    it("changes its ids and recipients in place, and is removed without the stream", async () => {
      const stack = await createStack(options("lifecycle", { guard: { projectIds: [100] } }));
      expect(await broughtUp(stack)).to.include.members([`create ${PIPE}`, `create ${ALARM}`]);
      await stack.refresh();
      expect((await stack.preview()).changeSummary).to.have.all.keys("same");

      await stack.setConfig("guard.projectIds[1]", { value: "200" }, true);
      expect(await broughtUp(stack)).to.deep.equal([`update ${PIPE}`]);
      await stack.setConfig("guard.actionArns[0]", { value: TOPIC }, true);
      expect(await broughtUp(stack)).to.deep.equal([`update ${ALARM}`]);
      expect((await alarms())[0]?.AlarmActions).to.deep.equal([TOPIC]);
      const { guardPipeArn, guardProjectIds } = await stack.outputs();
      expect(guardProjectIds?.value).to.deep.equal([100, 200]);
      const { SourceParameters } = await pipeOf(guardPipeArn?.value);
      expect(SourceParameters?.FilterCriteria?.Filters?.[0]?.Pattern).to.include("[100,200]");

      await stack.removeConfig("guard");
      const removed = await broughtUp(stack);
      expect(removed.filter((step) => step.startsWith("delete"))).to.have.length(7);
      expect(removed.filter((step) => !step.startsWith("delete"))).to.deep.equal([]);
      await stack.destroy();
    });
  });
});
