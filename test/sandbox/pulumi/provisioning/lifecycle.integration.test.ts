import { DetachRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetResourcePolicyCommand, StopStreamEncryptionCommand } from "@aws-sdk/client-kinesis";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import type { StackOutputs } from "../../../../sandbox/pulumi/provisioning/places";
import { broughtUp } from "./broughtUp";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

const STREAM = "aws:kinesis/stream:Stream";
const ROLE = "aws:iam/role:Role";
const POLICY = "aws:iam/policy:Policy";
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";

describe("the life of a customer's stack, through the Pulumi engine", () => {
  const run = sandboxRun();
  const createStack = attachedStacks(run, engineOf(run));
  async function brought(stackName: string, config: Record<string, unknown>) {
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName, config });
    await broughtUp(stack);
    return stack;
  }

  async function outputsOf(stack: Stack): Promise<StackOutputs> {
    const entries = Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]);
    return Object.fromEntries(entries) as StackOutputs;
  }

  it("changes retention, maximum record size, session duration and trust in place, and replaces nothing", async () => {
    const stack = await brought("in-place", { streamName: "in-place" });
    const before = await outputsOf(stack);
    await stack.setAllConfig({
      retentionHours: { value: "48" },
      maxRecordSizeKib: { value: "2048" },
      maxSessionSeconds: { value: "7200" },
      amplitudeAccountId: { value: "202493300829" },
    });
    expect((await broughtUp(stack)).sort()).to.deep.equal([`update ${ROLE}`, `update ${STREAM}`]);
    expect({ ...(await outputsOf(stack)), settings: [] }).to.deep.equal({ ...before, settings: [] });
    const { stream, role } = await run.state(before);
    expect(stream).to.deep.include({ retentionPeriod: 48, maxRecordSizeInKib: 2048 });
    expect(role).to.include({ maxSessionDuration: 7200 });
    expect(role?.assumeRolePolicy).to.include("arn:aws:iam::202493300829:root");
  });

  it("lets the role write to the new stream before the old one is deleted, if the stream's name changes", async () => {
    const watched = { requireTls: true, alarms: { silenceMinutes: 5 } };
    const stack = await brought("renamed", { streamName: "old-name", ...watched });
    await stack.setConfig("streamName", { value: "new-name" });
    const steps = await broughtUp(stack);
    const order = [`create-replacement ${STREAM}`, `update ${POLICY}`, `delete-replaced ${STREAM}`];
    expect(steps.filter((step) => order.includes(step))).to.deep.equal(order);
    expect(steps.slice(0, -2).filter((step) => step.startsWith("delete"))).to.deep.equal([]);
    expect(steps.filter((step) => step === `update ${ALARM}`)).to.have.lengthOf(2);
    const { streamName, streamArn } = await outputsOf(stack);
    expect(streamName).to.equal("new-name");
    const policy = new GetResourcePolicyCommand({ ResourceARN: streamArn });
    const { Policy } = await run.aws.kinesis(run.local.region).send(policy);
    expect(Policy).to.include("stream/new-name");
    expect((await stack.preview()).changeSummary).to.have.all.keys("same");
  });

  it("detects a detached policy and stopped encryption, and corrects both", async () => {
    const stack = await brought("mended", { streamName: "mended" });
    const outputs = await outputsOf(stack);
    const [PolicyArn] = (await run.state(outputs)).attached;
    const RoleName = outputs.roleArn.split("/").at(-1);
    await run.aws.iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    const encryption = { StreamName: "mended", EncryptionType: "KMS" as const, KeyId: "alias/aws/kinesis" };
    await run.aws.kinesis(run.local.region).send(new StopStreamEncryptionCommand(encryption));
    await stack.refresh();
    expect((await broughtUp(stack)).sort()).to.deep.equal([`create ${ATTACHMENT}`, `update ${STREAM}`]);
    const { stream, attached } = await run.state(outputs);
    expect(stream).to.include({ encryptionType: "KMS", kmsKeyId: "alias/aws/kinesis" });
    expect(attached).to.deep.equal([PolicyArn]);
  });

  it("retains only the stream if it is to be retained", async () => {
    const stack = await brought("retained", { streamName: "retained", retainStream: true });
    const outputs = await outputsOf(stack);
    await stack.destroy();
    const { stream, role } = await run.state(outputs);
    expect(stream).to.include({ name: "retained" });
    expect(role).to.equal(undefined);
  });
});
