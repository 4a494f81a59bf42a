import * as iam from "@aws-sdk/client-iam";
import * as kinesis from "@aws-sdk/client-kinesis";
import { expect } from "chai";
import { type CheckOptions, checkDeployment, type Finding } from "../../../delivery";
import type { LocalAws } from "../../../sandbox/aws";
import { allow, clientsOf, type Fixture, sharedAws, trustOf } from "../../sandbox/aws/localAws";
import { attachedStacks, engineOf, sandboxRun } from "../../sandbox/pulumi/provisioning/sandboxRun";
import { until } from "../../until";
import { deploy } from "../deployment/deploy";

const SERVICES: Record<string, Record<string, unknown>> = { iam, kinesis };

/** Runs a command of the AWS CLI, whose options are the API's parameters in other letters. */
async function runAws(aws: LocalAws, command: string): Promise<void> {
  const [, service = "", operation = "", ...words] = command.split(" ");
  const input: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at += 2) {
    const name = pascalCase((words[at] ?? "").slice(2));
    if (name !== "Region") input[name === "ResourceArn" ? "ResourceARN" : name] = parameter(words[at + 1]);
  }
  const Command = SERVICES[service]?.[`${pascalCase(operation)}Command`] as new (input: object) => never;
  const clients: Record<string, { send(command: never): Promise<unknown> }> = clientsOf(
    aws,
    aws.principals.operator,
  );
  const send = () => clients[service]?.send(new Command(input));
  // A stream that is being updated takes no further change.
  await until(async () => {
    const [refused] = await Promise.allSettled([send()]);
    if (refused.status === "fulfilled") return true;
    if ((refused.reason as Error).name !== "ResourceInUseException") throw refused.reason;
    return false;
  });
}

const pascalCase = (words: string) =>
  words.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

function parameter(text = ""): unknown {
  const [key, value] = text.split("=");
  if (value !== undefined) return { [key ?? ""]: value };
  return /^\d+$/.test(text) ? Number(text) : text;
}

const commandsIn = ({ remedy }: Finding) =>
  [...remedy.matchAll(/`(aws (?!\S+ (?:get|list|describe))[^`]+)`/g)].map(([, command = ""]) => command);

const codesOf = (findings: Finding[]) => findings.map(({ code }) => code);

const streamPolicy = (ResourceARN: string) => ({
  ResourceARN,
  Policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::444455556666:root" },
        Action: "kinesis:PutRecord",
        Resource: ResourceARN,
      },
    ],
  }),
});

describe("A remedy of check", function () {
  this.timeout(60_000);

  describe("for a stream outside the stack", () => {
    let aws: Fixture;
    before(async () => {
      aws = await sharedAws();
    });
    after(() => aws.remove());

    const check = (outputs: CheckOptions["outputs"]) =>
      checkDeployment({
        outputs,
        endpoint: aws.endpoint,
        credentials: aws.principals.operator,
        propagationSeconds: 10,
      });
    const existing = async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const existingStreamArn = `arn:aws:kinesis:us-east-1:111122223333:stream/${outputs.streamName}`;
      return { ...outputs, existingStreamArn };
    };

    it("never runs `pulumi up` on the stream, and undoes what was found", async () => {
      const outputs = await existing();
      const clients = clientsOf(aws, aws.principals.operator);
      const { streamName: StreamName, existingStreamArn, roleArn } = outputs;
      await clients.kinesis.send(
        new kinesis.StopStreamEncryptionCommand({
          StreamName,
          EncryptionType: "KMS",
          KeyId: "alias/aws/kinesis",
        }),
      );
      const summary = new kinesis.DescribeStreamSummaryCommand({ StreamName });
      await until(
        async () => (await clients.kinesis.send(summary)).StreamDescriptionSummary?.StreamStatus === "ACTIVE",
      );
      await clients.kinesis.send(new kinesis.PutResourcePolicyCommand(streamPolicy(existingStreamArn)));
      await clients.iam.send(
        new iam.PutRolePolicyCommand({
          RoleName: roleArn.split("/").at(-1),
          PolicyName: "extra",
          PolicyDocument: allow(["kinesis:*"], ["*"]),
        }),
      );
      const { findings } = await check(outputs);
      const ofStream = findings.filter(
        ({ where, code }) => where === existingStreamArn && code !== "alarm-missing",
      );
      for (const { code, remedy } of ofStream) expect(remedy, code).not.to.include("pulumi up");
      const undone = findings.filter((finding) => commandsIn(finding).length > 0);
      expect(codesOf(undone)).to.have.members([
        "stream-not-encrypted",
        "stream-retention-short",
        "stream-policy-open",
        "untagged",
        "permissions-too-broad",
      ]);
      for (const command of undone.flatMap(commandsIn)) await runAws(aws, command);
      const left = (await check(outputs)).findings.map(({ code, where }) => `${code} ${where}`);
      for (const { code, where } of undone) expect(left).not.to.include(`${code} ${where}`);
    });

    it("creates a stream again that is gone", async () => {
      const outputs = await existing();
      const { kinesis: client } = clientsOf(aws, aws.principals.operator);
      await client.send(new kinesis.DeleteStreamCommand({ StreamName: outputs.streamName }));
      const gone = async () =>
        (await check(outputs)).findings.find(({ code }) => code === "stream-not-found");
      await until(async () => (await gone()) !== undefined);
      const finding = (await gone()) as Finding;
      expect(finding.remedy).not.to.include("pulumi up");
      for (const command of commandsIn(finding)) await runAws(aws, command);
      expect(codesOf((await check(outputs)).findings)).not.to.include.members(["stream-not-found"]);
    });
  });

  describe("for a stream of the stack", () => {
    const run = sandboxRun();
    const createStack = attachedStacks(run, engineOf(run));

    it("is one `pulumi up --refresh` for all that was changed by hand", async () => {
      const stack = await createStack({
        folder: run.folder,
        aws: run.local,
        stackName: "changed",
        config: {},
      });
      await stack.up();
      const value = async (name: string) => String((await stack.outputs())[name]?.value);
      const outputs = {
        roleArn: await value("roleArn"),
        region: await value("region"),
        streamName: await value("streamName"),
      };
      const streamArn = await value("streamArn");
      const RoleName = outputs.roleArn.split("/").at(-1);
      const clients = clientsOf(run.local, run.local.principals.operator);
      await clients.kinesis.send(
        new kinesis.StopStreamEncryptionCommand({
          StreamName: outputs.streamName,
          EncryptionType: "KMS",
          KeyId: "alias/aws/kinesis",
        }),
      );
      const { Tags = [] } = await clients.kinesis.send(
        new kinesis.ListTagsForResourceCommand({ ResourceARN: streamArn }),
      );
      const TagKeys = Tags.map(({ Key = "" }) => Key);
      await clients.kinesis.send(new kinesis.UntagResourceCommand({ ResourceARN: streamArn, TagKeys }));
      await clients.iam.send(
        new iam.UpdateAssumeRolePolicyCommand({
          RoleName,
          PolicyDocument: trustOf("arn:aws:iam::444455556666:root"),
        }),
      );
      const { AttachedPolicies = [] } = await clients.iam.send(
        new iam.ListAttachedRolePoliciesCommand({ RoleName }),
      );
      for (const { PolicyArn } of AttachedPolicies)
        await clients.iam.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
      const check = async () =>
        (
          await checkDeployment({
            outputs,
            endpoint: run.local.endpoint,
            credentials: run.local.principals.operator,
            propagationSeconds: 10,
          })
        ).findings;
      const changed = [
        "amplitude-not-trusted",
        "write-not-allowed",
        "simulate-not-allowed",
        "stream-not-encrypted",
        "untagged",
        "others-trusted",
      ];
      const found = await check();
      expect(codesOf(found)).to.include.members(changed);
      for (const { code, remedy } of found)
        if (changed.includes(code)) expect(remedy, code).to.match(/pulumi up --refresh/);
      await stack.up({ refresh: true });
      const left = codesOf(await check());
      for (const code of changed) expect(left).not.to.include(code);
    });
  });
});
