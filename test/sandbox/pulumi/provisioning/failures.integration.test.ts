import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { GetPolicyCommand } from "@aws-sdk/client-iam";
import { ListStreamsCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import type { StackOutputs } from "../../../../sandbox/pulumi/provisioning/places";
import { startRefusingProxy } from "./refusingProxy";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

describe("a stack whose creation was rejected halfway", () => {
  const run = sandboxRun();
  const createStack = attachedStacks(run, engineOf(run));
  let proxy: Awaited<ReturnType<typeof startRefusingProxy>>;
  before(async () => {
    proxy = await startRefusingProxy(run.local.endpoint);
  });
  after(() => proxy?.stop());

  const alarms = async () =>
    (await run.aws.cloudwatch(run.local.region).send(new DescribeAlarmsCommand({}))).MetricAlarms;

  for (const action of [
    "CreateStream",
    "StartStreamEncryption",
    "CreateRole",
    "CreatePolicy",
    "AttachRolePolicy",
    "PutResourcePolicy",
    "PutMetricAlarm",
  ]) {
    it(`at ${action} is finished by the next update, and leaves nothing when it is destroyed`, async () => {
      const stackName = `refused-${action}`;
      const config = {
        streamName: action,
        roleName: `role-${action}`,
        requireTls: true,
        alarms: { silenceMinutes: 5 },
      };
      const aws = { ...run.local, endpoint: proxy.endpoint };
      const stack = await createStack({ folder: run.folder, aws, stackName, config });

      proxy.refused = action;
      expect(await stack.up().catch(String)).to.include("refused by the test");
      proxy.refused = undefined;
      await stack.up();
      expect((await stack.preview({ refresh: true })).changeSummary).to.have.all.keys("same");
      const entries = Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]);
      const outputs = Object.fromEntries(entries) as StackOutputs;
      const { stream, role, attached } = await run.state(outputs);
      expect(stream).to.include({ name: action, encryptionType: "KMS", retentionPeriod: 168 });
      expect(role).to.include({ name: `role-${action}` });
      expect(attached).to.have.lengthOf(1);
      expect(await alarms()).to.have.lengthOf(2);

      await stack.destroy();
      expect(await run.state(outputs)).to.deep.equal({ stream: undefined, role: undefined, attached: [] });
      const policy = run.aws.iam.send(new GetPolicyCommand({ PolicyArn: attached[0] }));
      expect(await policy.catch((error: Error) => error.name)).to.equal("NoSuchEntityException");
      const { StreamNames } = await run.aws.kinesis(run.local.region).send(new ListStreamsCommand({}));
      expect(StreamNames).to.deep.equal([]);
      expect(await alarms()).to.deep.equal([]);
    });
  }
});
