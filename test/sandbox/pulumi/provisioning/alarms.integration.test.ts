import { DeleteAlarmsCommand, DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { CreateStreamCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { provision } from "../../../../sandbox/pulumi/provisioning/engine";
import { broughtUp } from "./broughtUp";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const TOPIC = "arn:aws:sns:us-east-1:111122223333:on-call";

describe("the stack's alarms", () => {
  const run = sandboxRun();
  const alarms = async (region = run.local.region) =>
    (await run.aws.cloudwatch(region).send(new DescribeAlarmsCommand({}))).MetricAlarms ?? [];
  const options = (stackName: string, config: Record<string, unknown>) => ({
    folder: run.folder,
    aws: run.local,
    stackName,
    config,
  });

  it("are created in process from the stack's settings, none by default, and destroyed", async () => {
    const quiet = await provision({ ...options("quiet", {}), engine: "in-process" });
    expect(await alarms()).to.deep.equal([]);
    await quiet.destroy();
    const config = { alarms: { actionArns: [TOPIC], silenceMinutes: 20 } };
    const { outputs, destroy } = await provision({ ...options("watched", config), engine: "in-process" });
    const [first] = await alarms();
    expect(await alarms()).to.have.lengthOf(2);
    expect(first?.Dimensions).to.deep.equal([{ Name: "StreamName", Value: outputs.streamName }]);
    expect(first?.AlarmActions).to.deep.equal([TOPIC]);
    await destroy();
    expect(await alarms()).to.deep.equal([]);
  });

  describe("through the Pulumi engine", () => {
    const createStack = attachedStacks(run, engineOf(run));

    it("change in place, are created again if they were removed by hand, and are destroyed with the stack", async () => {
      const provisioned = { streamMode: "PROVISIONED", streamName: "watched", shardCount: 1 };
      const config = { ...provisioned, alarms: { actionArns: [TOPIC] } };
      const stack = await createStack(options("alarms", config));
      expect((await broughtUp(stack)).filter((step) => step === `create ${ALARM}`)).to.have.lengthOf(4);
      expect((await stack.preview()).changeSummary).to.have.all.keys("same");

      await stack.removeConfig("alarms");
      await stack.setConfig("alarms.silenceMinutes", { value: "30" }, true);
      expect(new Set(await broughtUp(stack))).to.deep.equal(new Set([`update ${ALARM}`]));
      const silence = (await alarms()).find(({ TreatMissingData }) => TreatMissingData === "breaching");
      expect(silence).to.deep.include({ EvaluationPeriods: 30, AlarmActions: [] });

      await stack.setConfig("shardCount", { value: "2" });
      expect((await broughtUp(stack)).sort()).to.deep.equal(
        [`update ${ALARM}`, `update ${ALARM}`, "update aws:kinesis/stream:Stream"].sort(),
      );

      const names = (await alarms()).map(({ AlarmName }) => AlarmName ?? "");
      const [gone = ""] = names;
      await run.aws.cloudwatch(run.local.region).send(new DeleteAlarmsCommand({ AlarmNames: [gone] }));
      await stack.refresh();
      expect(await broughtUp(stack)).to.deep.equal([`create ${ALARM}`]);
      expect(await alarms()).to.have.lengthOf(4);

      await stack.removeConfig("alarms");
      await stack.up();
      expect(await alarms()).to.deep.equal([]);
      await stack.destroy();
    });

    it("are in the region of an existing stream", async () => {
      const region = "eu-central-1";
      await run.aws.kinesis(region).send(new CreateStreamCommand({ StreamName: "theirs", ShardCount: 1 }));
      const existingStreamArn = `arn:aws:kinesis:${region}:111122223333:stream/theirs`;
      const config = { existingStreamArn, alarms: { capacityShards: 1 } };
      const stack = await createStack(options("abroad", config));
      await stack.up();
      expect(await alarms()).to.deep.equal([]);
      expect(await alarms(region)).to.have.lengthOf(4);
      await stack.refresh();
      expect((await stack.preview()).changeSummary).to.have.all.keys("same");
      await stack.destroy();
      expect(await alarms(region)).to.deep.equal([]);
    });
  });
});
