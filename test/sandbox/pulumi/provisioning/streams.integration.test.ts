import { GetRoleCommand } from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetResourcePolicyCommand,
  ListTagsForStreamCommand,
} from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { provision } from "../../../../sandbox/pulumi/provisioning/engine";
import { untilActive } from "../../aws/untilActive";
import { attachedStacks, engineOf, refusal, sandboxRun } from "./sandboxRun";

describe("a stream that exists already", () => {
  const run = sandboxRun();
  const StreamName = "theirs";
  const existingStreamArn = `arn:aws:kinesis:us-east-1:111122223333:stream/${StreamName}`;
  const kinesis = () => run.aws.kinesis(run.local.region);
  const described = async () => {
    const { StreamDescriptionSummary } = await kinesis().send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    const { Tags } = await kinesis().send(new ListTagsForStreamCommand({ StreamName }));
    return { ...StreamDescriptionSummary, Tags };
  };
  const options = (stackName: string, config: Record<string, unknown>) => ({
    folder: run.folder,
    aws: run.local,
    stackName,
    config,
  });

  before(async () => {
    await kinesis().send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    await untilActive(async () => (await described()).StreamStatus);
  });

  it("is given to the role in process, and is neither changed nor deleted", async () => {
    const before = await described();
    const { outputs, destroy } = await provision({
      ...options("given", { existingStreamArn }),
      engine: "in-process",
    });
    expect(outputs).to.include({ streamArn: existingStreamArn, streamName: StreamName, region: "us-east-1" });
    expect((await run.state(outputs)).attached).to.have.lengthOf(1);
    expect(await described()).to.deep.equal(before);
    await destroy();
    expect(await described()).to.deep.equal(before);
  });

  it("is rejected if another account owns it, before the role is created", async () => {
    const other = existingStreamArn.replace("111122223333", "444455556666");
    const refused = await refusal(
      provision({
        ...options("other", { existingStreamArn: other, roleName: "too-early" }),
        engine: "in-process",
      }),
    );
    expect(refused).to.include("is not in the role's account 111122223333");
    const role = run.aws.iam.send(new GetRoleCommand({ RoleName: "too-early" }));
    expect(await role.catch((error: Error) => error.name)).to.equal("NoSuchEntityException");
  });

  describe("through the Pulumi engine", () => {
    const createStack = attachedStacks(run, engineOf(run));

    it("is given to the role, known in the preview, and left unchanged by a destroy", async () => {
      const before = await described();
      const stack = await createStack(options("engine-given", { existingStreamArn }));
      await stack.preview();
      await stack.up();
      expect((await stack.outputs()).streamArn?.value).to.equal(existingStreamArn);
      expect((await stack.preview()).changeSummary).to.have.all.keys("same");
      await stack.destroy();
      expect(await described()).to.deep.equal(before);
    });

    it("is rejected in the preview if another account owns it", async () => {
      const other = existingStreamArn.replace("111122223333", "444455556666");
      const stack = await createStack(options("engine-other", { existingStreamArn: other }));
      expect(await stack.preview().catch(String)).to.include("is not in the role's account 111122223333");
    });

    it("of the component gets a policy against requests without TLS, and loses it again", async () => {
      const stack = await createStack(options("tls", { requireTls: true, streamName: "tls" }));
      await stack.up();
      const ResourceARN = String((await stack.outputs()).streamArn?.value);
      const policy = async () =>
        (await kinesis().send(new GetResourcePolicyCommand({ ResourceARN }))).Policy ?? "";
      expect(await policy()).to.include("DenyInsecureTransport");
      expect((await stack.preview()).changeSummary).to.have.all.keys("same");
      await stack.setConfig("requireTls", { value: "false" });
      await stack.up();
      expect(await policy()).not.to.include("DenyInsecureTransport");
      await stack.destroy();
    });
  });
});
