import { GetResourcePolicyCommand, PutResourcePolicyCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { check } from "../../../../sandbox/pulumi/provider/check";
import { diff } from "../../../../sandbox/pulumi/provider/diff";
import { create, read, update } from "../../../../sandbox/pulumi/provider/lifecycle";
import { streamType } from "../../../../sandbox/pulumi/provider/stream";
import { streamPolicyType } from "../../../../sandbox/pulumi/provider/streamPolicy";
import { typeOf } from "../../../../sandbox/pulumi/provider/types";
import { sandboxRun } from "../provisioning/sandboxRun";
import { checked } from "./inputs";

const denying = (arn: string, action: string) => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Deny", Principal: { AWS: "*" }, Action: action, Resource: arn }],
});

describe("the provider's policy of a stream", () => {
  const account = sandboxRun();
  const kinesis = () => account.aws.kinesis(account.aws.region);
  const inputsOf = (resourceArn: string, action: string) =>
    checked(streamPolicyType, "policy", { resourceArn, policy: denying(resourceArn, action) });
  const streamOf = async (name: string) => {
    const inputs = checked(streamType, name, { name, streamModeDetails: { streamMode: "ON_DEMAND" } });
    const { id, state } = await create(account.aws, streamType, inputs);
    return { id, state, arn: String(state.arn) };
  };
  const policyOf = async (ResourceARN: string) =>
    (await kinesis().send(new GetResourcePolicyCommand({ ResourceARN }))).Policy;

  it("is registered under the real provider's token", () => {
    expect(typeOf("aws:kinesis/resourcePolicy:ResourcePolicy")).to.equal(streamPolicyType);
  });

  it("is created, identified by its stream's ARN, changed in place and deleted", async () => {
    const { arn } = await streamOf("whole");
    const inputs = inputsOf(arn, "kinesis:MergeShards");
    const { id, state } = await create(account.aws, streamPolicyType, inputs);
    expect(id).to.equal(arn);
    expect(state).to.deep.equal({ resourceArn: arn, region: "us-east-1", policy: inputs.policy });
    expect(diff(streamPolicyType, state, inputs).properties).to.deep.equal([]);

    const changed = inputsOf(arn, "kinesis:SplitShard");
    const [difference] = diff(streamPolicyType, state, changed).properties;
    expect(difference).to.include({ path: "policy", kind: "update", replaces: false });
    await update(account.aws, streamPolicyType, id, changed);
    expect(await policyOf(arn)).to.equal(changed.policy);

    await streamPolicyType.delete(account.aws, id, state);
    expect(await policyOf(arn)).to.equal("{}");
    expect(await read(account.aws, streamPolicyType, id, {}, {})).to.equal(undefined);
    await streamPolicyType.delete(account.aws, id, state);
  });

  it("is not written again if it has the same meaning", async () => {
    const { arn } = await streamOf("same");
    const inputs = inputsOf(arn, "kinesis:MergeShards");
    const { id } = await create(account.aws, streamPolicyType, inputs);
    const before = await policyOf(arn);
    const reworded = String(inputs.policy).replace('"kinesis:MergeShards"', '["kinesis:MergeShards"]');
    await update(account.aws, streamPolicyType, id, { ...inputs, policy: reworded });
    expect(await policyOf(arn)).to.equal(before);
  });

  it("that somebody else has changed is detected by a read", async () => {
    const { arn } = await streamOf("drifting");
    const inputs = inputsOf(arn, "kinesis:MergeShards");
    const { id, state } = await create(account.aws, streamPolicyType, inputs);
    const Policy = JSON.stringify(denying(arn, "kinesis:SplitShard"));
    await kinesis().send(new PutResourcePolicyCommand({ ResourceARN: arn, Policy }));
    const reading = await read(account.aws, streamPolicyType, id, inputs, state);
    expect(reading?.inputs.policy).to.equal(Policy);
  });

  it("is imported by its stream's ARN", async () => {
    const { arn } = await streamOf("imported");
    const inputs = inputsOf(arn, "kinesis:MergeShards");
    await create(account.aws, streamPolicyType, inputs);
    const reading = await read(account.aws, streamPolicyType, arn, {}, {});
    expect(reading?.inputs).to.deep.include({ resourceArn: arn, policy: inputs.policy });
  });

  it("is replaced for another stream, and deleted together with its stream", async () => {
    const stream = await streamOf("short-lived");
    const inputs = inputsOf(stream.arn, "kinesis:MergeShards");
    const { id, state } = await create(account.aws, streamPolicyType, inputs);
    const elsewhere = { ...inputs, resourceArn: `${stream.arn}-2` };
    const [difference] = diff(streamPolicyType, state, elsewhere).properties;
    expect(difference).to.include({ path: "resourceArn", replaces: true });
    await streamType.delete(account.aws, stream.id, stream.state);
    expect(await read(account.aws, streamPolicyType, id, inputs, state)).to.equal(undefined);
    await streamPolicyType.delete(account.aws, id, state);
  });

  it("fails the check without a stream, without a document, and with an ARN that isn't a stream's", () => {
    const failing = (news: object) =>
      check(streamPolicyType, {
        logicalName: "p",
        news: { ...news },
        olds: {},
        seed: Buffer.from("p"),
      }).failures.map(({ property }) => property);
    const arn = "arn:aws:kinesis:us-east-1:111122223333:stream/s";
    expect(failing({ policy: "{}" })).to.deep.equal(["resourceArn"]);
    expect(failing({ resourceArn: arn })).to.deep.equal(["policy"]);
    expect(failing({ resourceArn: "s", policy: "{}" })).to.deep.equal(["resourceArn"]);
  });
});
