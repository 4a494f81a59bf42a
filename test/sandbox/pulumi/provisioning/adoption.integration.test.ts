import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  EnableEnhancedMonitoringCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListTagsForStreamCommand,
  type MetricsName,
  StartStreamEncryptionCommand,
} from "@aws-sdk/client-kinesis";
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { expect } from "chai";
import { describeAdoption } from "../../../../delivery/adopt";
import { untilActive } from "../../aws/untilActive";
import { broughtUp } from "./broughtUp";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

const STREAM = "aws:kinesis/stream:Stream";
const ROLE = "aws:iam/role:Role";

describe("resources that were created or changed by hand, through the engine", () => {
  const run = sandboxRun();
  const createStack = attachedStacks(run, engineOf(run));
  const kinesis = () => run.aws.kinesis(run.local.region);
  const status = async (StreamName: string) => {
    const { StreamDescriptionSummary } = await kinesis().send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    return StreamDescriptionSummary?.StreamStatus;
  };

  const KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
  const POLICY_ARN = "arn:aws:iam::111122223333:policy/legacy/amplitude-write";
  const LIMIT_ARN = "arn:aws:iam::111122223333:policy/limit";
  const TAGS = { team: "data", "cost center": "4711" };
  const ROLE_ARN = "arn:aws:iam::111122223333:role/vendors/by-hand";

  /**
   * A stream, a role and a policy that differ from the component's defaults in every property. The stream names its key by
   * an alias, and the role has other policies too.
   *
   * @returns The key's ARN.
   */
  async function createByHand(): Promise<string> {
    const StreamName = "by-hand";
    const { endpoint, region, principals } = run.local;
    const kms = new KMSClient({ endpoint, region, credentials: principals.operator });
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await kms.send(new CreateAliasCommand({ AliasName: "alias/acme", TargetKeyId: KeyMetadata?.KeyId }));
    await kinesis().send(
      new CreateStreamCommand({
        StreamName,
        ShardCount: 3,
        MaxRecordSizeInKiB: 2048,
        Tags: { ...TAGS, only: "stream" },
      }),
    );
    const settled = () => untilActive(() => status(StreamName));
    await settled();
    await kinesis().send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 }));
    await settled();
    const ShardLevelMetrics: MetricsName[] = ["IncomingBytes", "OutgoingRecords"];
    await kinesis().send(new EnableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics }));
    await settled();
    await kinesis().send(
      new StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId: "alias/acme" }),
    );
    await settled();
    const { iam } = run.aws;
    const tagList = [...Object.entries(TAGS), ["only", "role"]].map(([Key, Value]) => ({ Key, Value }));
    const allow = (Action: string | string[], more: object) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, ...more }] });
    const writing = { Resource: "arn:aws:kinesis:us-east-1:111122223333:stream/by-hand" };
    await iam.send(
      new CreatePolicyCommand({
        PolicyName: "limit",
        PolicyDocument: allow(["kinesis:PutRecords", "*"], { Resource: "*" }),
      }),
    );
    await iam.send(
      new CreateRoleCommand({
        RoleName: "by-hand",
        Path: "/vendors/",
        Description: "Made by hand",
        MaxSessionDuration: 7200,
        PermissionsBoundary: LIMIT_ARN,
        Tags: tagList,
        AssumeRolePolicyDocument: allow("sts:AssumeRole", {
          Principal: { AWS: "arn:aws:iam::358203115967:root" },
        }),
      }),
    );
    await iam.send(
      new CreatePolicyCommand({
        PolicyName: "amplitude-write",
        Path: "/legacy/",
        Description: "Written by hand",
        Tags: tagList,
        PolicyDocument: allow(["kinesis:PutRecord", "kinesis:PutRecords"], writing),
      }),
    );
    await iam.send(new AttachRolePolicyCommand({ RoleName: "by-hand", PolicyArn: POLICY_ARN }));
    // It lets the role write too, but the boundary also uses it.
    await iam.send(new AttachRolePolicyCommand({ RoleName: "by-hand", PolicyArn: LIMIT_ARN }));
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: "by-hand",
        PolicyName: "extra",
        PolicyDocument: allow("kinesis:PutRecords", writing),
      }),
    );
    return KeyMetadata?.Arn ?? "";
  }

  /** Returns AWS's descriptions of them, without times and usage. */
  async function described() {
    const { StreamDescriptionSummary: stream } = await kinesis().send(
      new DescribeStreamSummaryCommand({ StreamName: "by-hand" }),
    );
    const { Role } = await run.aws.iam.send(new GetRoleCommand({ RoleName: "by-hand" }));
    const { Policy } = await run.aws.iam.send(new GetPolicyCommand({ PolicyArn: POLICY_ARN }));
    const { Tags } = await kinesis().send(new ListTagsForStreamCommand({ StreamName: "by-hand" }));
    const { PolicyNames } = await run.aws.iam.send(new ListRolePoliciesCommand({ RoleName: "by-hand" }));
    const { AttachedPolicies } = await run.aws.iam.send(
      new ListAttachedRolePoliciesCommand({ RoleName: "by-hand" }),
    );
    return {
      stream,
      Role,
      Policy: { ...Policy, UpdateDate: undefined },
      Tags,
      PolicyNames,
      AttachedPolicies,
    };
  }

  it("a stream, a role and a policy are adopted with the settings of `adopt`, which change nothing", async () => {
    const keyArn = await createByHand();
    const before = await described();
    const { endpoint, principals } = run.local;
    const outputs = { roleArn: ROLE_ARN, region: "us-east-1", streamName: "by-hand" };
    const adoption = await describeAdoption({ outputs, endpoint, credentials: principals.operator });
    expect(adoption.inputs).to.deep.equal({
      streamName: "by-hand",
      streamMode: "PROVISIONED",
      shardCount: 3,
      retentionHours: 48,
      maxRecordSizeKib: 2048,
      shardLevelMetrics: ["IncomingBytes", "OutgoingRecords"],
      kmsKeyArn: keyArn,
      roleName: "by-hand",
      rolePath: "/vendors/",
      maxSessionSeconds: 7200,
      permissionsBoundaryArn: LIMIT_ARN,
      tags: TAGS,
      adopt: {
        streamName: "by-hand",
        roleName: "by-hand",
        policyArn: POLICY_ARN,
        ignoreChanges: adoption.ignored.map(({ property }) => property),
      },
    });
    expect(adoption.ignored.map(({ property, reason }) => `${property}: ${reason}`)).to.include(
      "stream.kmsKeyId: the stream names its key alias/acme; the component takes only a key's ARN",
    );
    expect(adoption.notAdopted).to.deep.equal([
      `the role's policy ${LIMIT_ARN}`,
      "the role's policy extra, which is inline",
    ]);
    const config = adoption.inputs;
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName: "adoption", config });
    expect((await broughtUp(stack)).sort()).to.deep.equal(
      [
        "iam/policy:Policy",
        "iam/role:Role",
        "iam/rolePolicyAttachment:RolePolicyAttachment",
        "kinesis/stream:Stream",
      ].map((type) => `import aws:${type}`),
    );
    expect((await stack.preview()).changeSummary).to.have.all.keys("same");
    expect(await described()).to.deep.equal(before);

    // Without `adopt.ignoreChanges`, an update applies the component's tags, descriptions and documents in place.
    await stack.removeConfig("adopt");
    const { changeSummary } = await stack.preview();
    expect(changeSummary).to.include({ update: 3 });
  });

  it("a stream and a role with AWS's defaults and an inline policy are adopted without a change", async () => {
    const StreamName = "plain";
    await kinesis().send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
    await untilActive(() => status(StreamName));
    const { iam, local } = { ...run, ...run.aws };
    const document = (more: object) =>
      JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...more }] });
    const Principal = { AWS: "arn:aws:iam::358203115967:root" };
    await iam.send(
      new CreateRoleCommand({
        RoleName: StreamName,
        AssumeRolePolicyDocument: document({ Action: "sts:AssumeRole", Principal }),
      }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: StreamName,
        PolicyName: "inline",
        PolicyDocument: document({ Action: "kinesis:PutRecords", Resource: "*" }),
      }),
    );
    const roleArn = `arn:aws:iam::111122223333:role/${StreamName}`;
    const outputs = { roleArn, region: "us-east-1", streamName: StreamName };
    const { endpoint, principals } = local;
    const { inputs: config, notAdopted } = await describeAdoption({
      outputs,
      endpoint,
      credentials: principals.operator,
    });
    expect(notAdopted.join()).to.include("inline, which is inline").and.to.include("no write policy");
    const stack = await createStack({ folder: run.folder, aws: local, stackName: StreamName, config });
    expect((await broughtUp(stack)).sort()).to.deep.equal([
      "create aws:iam/policy:Policy",
      "create aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      `import ${ROLE}`,
      `import ${STREAM}`,
    ]);
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
    await stack.setAllConfig({ kmsKeyArn: { value: KEY }, "tags.team": { value: "data" } }, true);
    expect((await broughtUp(stack)).sort()).to.deep.equal([
      "update aws:iam/policy:Policy",
      `update ${ROLE}`,
      `update ${STREAM}`,
    ]);
    expect((await stack.outputs()).streamArn?.value).to.equal(before);
    const { deployment } = await stack.exportStack();
    const stream = deployment.resources.find(({ type }: { type: string }) => type === STREAM);
    expect(stream.outputs).to.deep.include({ kmsKeyId: KEY });
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
