import {
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
} from "@aws-sdk/client-iam";
import { CreateStreamCommand, DescribeStreamSummaryCommand } from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { untilActive } from "../../../../sandbox/aws/untilActive";
import { broughtUp } from "./broughtUp";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

const COMPONENT = JSON.stringify(require.resolve("../../../../components"));
const STREAM = "aws:kinesis/stream:Stream";
const ROLE = "aws:iam/role:Role";

describe("resources that were created or changed by hand, through the engine", function () {
  this.timeout(60_000);
  const run = sandboxRun();
  const createStack = attachedStacks(run, engineOf(run));
  const kinesis = () => run.aws.kinesis(run.local.region);
  const status = async (StreamName: string) => {
    const { StreamDescriptionSummary } = await kinesis().send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    return StreamDescriptionSummary?.StreamStatus;
  };

  it("a stream and a role are adopted as they are, changed in place, and left behind again", async () => {
    await kinesis().send(
      new CreateStreamCommand({
        StreamName: "by-hand",
        StreamModeDetails: { StreamMode: "ON_DEMAND" },
      }),
    );
    await untilActive(() => status("by-hand"));
    const trust = { Version: "2012-10-17", Statement: [] as object[] };
    trust.Statement.push({
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::358203115967:root" },
      Action: "sts:AssumeRole",
    });
    await run.aws.iam.send(
      new CreateRoleCommand({ RoleName: "by-hand", AssumeRolePolicyDocument: JSON.stringify(trust) }),
    );
    const source = (adopting: string) => `const { AmplitudeKinesisDestination } = require(${COMPONENT});
const adopted = { "${STREAM}": "by-hand", "${ROLE}": "by-hand" };
const leave = ({ type, props, opts }) => adopted[type] && { props, opts: { ...opts, ${adopting} } };
const named = { streamName: "by-hand", roleName: "by-hand" };
new AmplitudeKinesisDestination("adopter", named, { transforms: [leave] });`;
    // What differs from the program is no reason to refuse the adoption where it is named.
    const differing =
      'import: adopted[type], ignoreChanges: ["tags", "retentionPeriod", "encryptionType", "kmsKeyId", "description", "assumeRolePolicy"]';
    const program = await run.program("adoption", source(differing));
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName: "adoption", program });
    const made = await broughtUp(stack);
    expect(made).to.include.members([`import ${STREAM}`, `import ${ROLE}`]);
    expect(made).not.to.include(`create ${STREAM}`);

    await run.program("adoption", source("retainOnDelete: true"));
    expect((await broughtUp(stack)).sort()).to.deep.equal([`update ${ROLE}`, `update ${STREAM}`]);
    await stack.destroy();
    expect(await status("by-hand")).to.equal("ACTIVE");
    const { Role } = await run.aws.iam.send(new GetRoleCommand({ RoleName: "by-hand" }));
    expect(Role?.RoleName).to.equal("by-hand");
  });

  it("a policy's default version set by hand is detected by a refresh and corrected", async () => {
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName: "versions" });
    await stack.up();
    const { deployment } = await stack.exportStack();
    const { id: PolicyArn } = deployment.resources.find(
      ({ type }: { type: string }) => type === "aws:iam/policy:Policy",
    );
    const document = async () => {
      const { Policy } = await run.aws.iam.send(new GetPolicyCommand({ PolicyArn }));
      const VersionId = Policy?.DefaultVersionId;
      const { PolicyVersion } = await run.aws.iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }));
      return decodeURIComponent(PolicyVersion?.Document ?? "");
    };
    const right = await document();
    const wide = right.replace('"kinesis:PutRecord"', '"kinesis:DeleteStream"');
    expect(wide).not.to.equal(right);
    await run.aws.iam.send(
      new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: wide, SetAsDefault: true }),
    );
    await stack.refresh();
    expect(await broughtUp(stack)).to.deep.equal(["update aws:iam/policy:Policy"]);
    expect(await document()).to.equal(right);
    await stack.destroy();
  });

  it("tags and the key change in place, and the role's policy follows the key", async () => {
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName: "rekeyed" });
    await stack.up();
    const before = (await stack.outputs()).streamArn?.value;
    const key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    await stack.setAllConfig({ kmsKeyArn: { value: key }, "tags.team": { value: "data" } }, true);
    expect((await broughtUp(stack)).sort()).to.deep.equal([
      "update aws:iam/policy:Policy",
      `update ${ROLE}`,
      `update ${STREAM}`,
    ]);
    expect((await stack.outputs()).streamArn?.value).to.equal(before);
    const { deployment } = await stack.exportStack();
    const stream = deployment.resources.find(({ type }: { type: string }) => type === STREAM);
    expect(stream.outputs).to.deep.include({ kmsKeyId: key });
    expect(stream.outputs.tags).to.deep.include({ team: "data" });
    await stack.destroy();
  });

  it("a preview of a new stack knows the values that the configuration gives", async () => {
    const config = { streamName: "known", roleName: "known" };
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName: "known", config });
    const outputs: Record<string, unknown> = {};
    await stack.preview({
      onEvent: ({ resOutputsEvent, resourcePreEvent }) => {
        const { type, new: made } = (resOutputsEvent ?? resourcePreEvent)?.metadata ?? {};
        if (type?.startsWith("amplitude-kinesis:")) Object.assign(outputs, made?.outputs);
      },
    });
    expect(outputs).to.include({ streamName: "known", roleName: "known", region: "us-east-1" });
  });
});
