import { execFileSync } from "node:child_process";
import * as cloudwatch from "@aws-sdk/client-cloudwatch";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as iam from "@aws-sdk/client-iam";
import * as kinesis from "@aws-sdk/client-kinesis";
import * as kms from "@aws-sdk/client-kms";
import * as pipes from "@aws-sdk/client-pipes";
import { expect } from "chai";
import { type CheckOptions, checkDeployment, type Finding } from "../../../delivery";
import type { FindingCode } from "../../../delivery/common/findings";
import type { LocalAws } from "../../../sandbox/aws";
import { allow, clientsOf, type Fixture, sharedAws, trustOf } from "../../sandbox/aws/localAws";
import { attachedStacks, engineOf, sandboxRun } from "../../sandbox/pulumi/provisioning/sandboxRun";
import { until } from "../../until";
import { deploy } from "../deployment/deploy";
import { principalWith } from "../deployment/principalWith";

const OF_OTHER_COMMANDS = [
  "sender-failed",
  "write-refused",
  "records-too-large",
  "events-refused",
  "events-unanswered",
  "events-lost",
  "events-corrupted",
  "events-unread",
  "duplicates-unexplained",
  "refused-but-delivered",
  "records-expired",
  "run-file-failed",
  "too-many-events",
  "source-problems",
  "source-failed",
  "unexpected-app",
  "app-unknown",
  "nothing-arrived",
  "too-few-events",
  "shape-deviates",
  "foreign-records",
  "guard-blind",
  "latency-above-documented",
  "events-not-arrived",
  "records-not-understood",
  "fields-rewritten",
  "identify-not-forwarded",
  "several-events-in-record",
  "interrupted",
  "events-missing",
  "hours-not-exported",
  "events-not-matchable",
  "types-not-forwarded",
  "types-not-exported",
  "events-different",
  "events-duplicated",
  "events-late",
  "rows-unexplained",
  "backfill-incomplete",
  "pending-operations",
  "stack-locked",
  "metrics-disagree",
  "metrics-unavailable",
  "part-missing",
  "part-duplicated",
  "part-of-another-run",
  "part-of-another-export",
  "parts-not-merged",
  "parts-without-run",
] as const satisfies FindingCode[];

/** Whether a test below applies the finding's remedy and sees the finding go, or why none does. */
const REMEDIES: Record<
  Exclude<FindingCode, (typeof OF_OTHER_COMMANDS)[number]>,
  "applied" | `not ${string}`
> = {
  "stream-not-found": "applied",
  "stream-not-active": "not applied: the sandbox deletes a stream faster than anyone can ask",
  "stream-not-described": "applied",
  "stream-not-encrypted": "applied",
  "role-not-found": "applied",
  "role-not-readable": "applied",
  "role-not-assumable": "not a finding of check, which assumes no role",
  "amplitude-not-trusted": "applied",
  "anyone-trusted": "applied",
  "trust-undetermined": "applied",
  "write-not-allowed": "applied",
  "simulate-not-allowed": "applied",
  "simulation-unavailable": "applied",
  "permissions-undetermined": "applied",
  "output-mismatch": "applied",
  "stream-retention-short": "applied",
  "stream-policy-denies": "applied",
  "stream-policy-open": "applied",
  "stream-policy-undetermined": "applied",
  "key-unusable": "applied",
  "key-undetermined": "applied",
  "others-trusted": "applied",
  "deleted-principal": "applied",
  "trust-too-broad": "applied",
  "permissions-too-broad": "applied",
  "policies-not-readable": "applied",
  untagged: "applied",
  "tags-not-readable": "applied",
  "alarm-missing": "applied",
  "alarm-tells-nobody": "applied",
  "alarm-raised": "not applied: an alarm of the guard ends a minute after the last event",
  "alarms-not-readable": "applied",
  "guard-missing": "applied",
  "guard-stopped": "applied",
  "guard-projects-differ": "applied",
  "guard-not-readable": "applied",
  "stream-not-readable": "not a finding of check, which reads no record",
};

const applied = new Set<FindingCode>();

/** Expects findings with these codes, which a remedy is about to remove. */
function expectFound(findings: Finding[], codes: FindingCode[]): Finding[] {
  expect(codesOf(findings)).to.include.members(codes);
  return findings.filter(({ code }) => codes.includes(code));
}

function expectGone(found: Finding[], left: Finding[]): void {
  const places = left.map(({ code, where }) => `${code} ${where}`);
  for (const { code, where } of found) {
    expect(places).not.to.include(`${code} ${where}`);
    applied.add(code);
  }
}

const SERVICES: Record<string, Record<string, unknown>> = { cloudwatch, iam, kinesis, kms, pipes };

const wordsOf = (command: string) =>
  execFileSync("sh", ["-c", `set -- ${command}; printf '%s\\0' "$@"`], { encoding: "utf8" })
    .split("\0")
    .slice(0, -1);

/** The operator's clients, by the AWS CLI's names of the services. */
function operatorOf(aws: LocalAws) {
  const { endpoint, region, principals } = aws;
  const settings = { endpoint, region, credentials: principals.operator };
  return {
    ...clientsOf(aws, principals.operator),
    cloudwatch: new cloudwatch.CloudWatchClient(settings),
    kms: new kms.KMSClient(settings),
    logs: new logs.CloudWatchLogsClient(settings),
    pipes: new pipes.PipesClient(settings),
  };
}

/** Runs a command of the AWS CLI, whose options are the API's parameters in other letters. */
async function runAws(aws: LocalAws, command: string): Promise<void> {
  const [, service = "", operation = "", ...words] = wordsOf(command);
  const input: Record<string, unknown> = {};
  for (let at = 0; at < words.length; at += 2) {
    const name = pascalCase((words[at] ?? "").slice(2));
    const value = parameter(words[at + 1]);
    if (name !== "Region") input[NAMES[name] ?? name] = name === "AlarmNames" ? [value] : value;
  }
  const Command = SERVICES[service]?.[`${pascalCase(operation)}Command`] as new (input: object) => never;
  const clients: Record<string, { send(command: never): Promise<unknown> }> = operatorOf(aws);
  const send = () => clients[service]?.send(new Command(input));
  // A stream that is being updated takes no further change.
  await until(async () => {
    const [refused] = await Promise.allSettled([send()]);
    if (refused.status === "fulfilled") return true;
    if ((refused.reason as Error).name !== "ResourceInUseException") throw refused.reason;
    return false;
  });
}

/** Parameters that the API writes otherwise. */
const NAMES: Record<string, string> = { ResourceArn: "ResourceARN" };

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

const TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts";
const STRANGER = "arn:aws:iam::444455556666:root";

const streamPolicy = (ResourceARN: string, ...statements: object[]) => ({
  ResourceARN,
  Policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: statements.map((each) => ({ ...each, Action: "kinesis:PutRecords", Resource: ResourceARN })),
  }),
});

describe("A remedy of check", () => {
  after("each finding's remedy is applied, or listed with the reason why not", function () {
    let isWhole = true;
    this.test?.parent?.eachTest(({ state }) => {
      isWhole &&= state === "passed";
    });
    const listed = Object.entries(REMEDIES).filter(([, how]) => how === "applied");
    if (isWhole) expect([...applied].sort()).to.deep.equal(listed.map(([code]) => code).sort());
  });

  describe("for a stream outside the stack", () => {
    let aws: Fixture;
    before(async () => {
      aws = await sharedAws();
    });
    after(() => aws.remove());

    const check = async (outputs: CheckOptions["outputs"], more: Partial<CheckOptions> = {}) =>
      (
        await checkDeployment({
          outputs,
          endpoint: aws.endpoint,
          credentials: aws.principals.operator,
          ...more,
        })
      ).findings;
    const existing = async () => {
      const outputs = await deploy(aws, { shards: 1 });
      const existingStreamArn = `arn:aws:kinesis:us-east-1:111122223333:stream/${outputs.streamName}`;
      return { ...outputs, existingStreamArn, RoleName: outputs.roleArn.split("/").at(-1) };
    };
    const untilActive = async (StreamName: string) => {
      const summary = new kinesis.DescribeStreamSummaryCommand({ StreamName });
      await until(
        async () =>
          (await operatorOf(aws).kinesis.send(summary)).StreamDescriptionSummary?.StreamStatus === "ACTIVE",
      );
    };
    const encrypt = async (StreamName: string): Promise<string> => {
      const clients = operatorOf(aws);
      const { KeyMetadata } = await clients.kms.send(new kms.CreateKeyCommand({}));
      const KeyId = KeyMetadata?.Arn ?? "";
      await clients.kinesis.send(
        new kinesis.StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId }),
      );
      await untilActive(StreamName);
      return KeyId;
    };

    it("never runs `pulumi up` on the stream, and undoes what was found", async () => {
      const { RoleName, ...outputs } = await existing();
      const clients = operatorOf(aws);
      const { streamName: StreamName, existingStreamArn } = outputs;
      await clients.kinesis.send(
        new kinesis.StopStreamEncryptionCommand({
          StreamName,
          EncryptionType: "KMS",
          KeyId: "alias/aws/kinesis",
        }),
      );
      await untilActive(StreamName);
      const Effect = "Allow";
      await clients.kinesis.send(
        new kinesis.PutResourcePolicyCommand(
          streamPolicy(existingStreamArn, { Effect, Principal: { AWS: STRANGER } }),
        ),
      );
      await clients.iam.send(
        new iam.PutRolePolicyCommand({
          RoleName,
          PolicyName: "extra",
          PolicyDocument: allow(["kinesis:*"], ["*"]),
        }),
      );
      await clients.cloudwatch.send(
        new cloudwatch.PutMetricAlarmCommand({
          AlarmName: `it's quiet in ${StreamName}`,
          ...{ Namespace: "AWS/Kinesis", MetricName: "IncomingRecords", Statistic: "Sum" },
          Dimensions: [{ Name: "StreamName", Value: StreamName }],
          ...{ Period: 60, EvaluationPeriods: 5, Threshold: 1, ComparisonOperator: "LessThanThreshold" },
          ActionsEnabled: false,
          AlarmActions: [TOPIC],
        }),
      );
      const findings = await check(outputs);
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
        "alarm-tells-nobody",
        "permissions-too-broad",
      ]);
      for (const command of undone.flatMap(commandsIn)) await runAws(aws, command);
      expectGone(undone, await check(outputs));
    });

    it("creates a stream again that is gone", async () => {
      const outputs = await existing();
      await operatorOf(aws).kinesis.send(new kinesis.DeleteStreamCommand({ StreamName: outputs.streamName }));
      const gone = async () => (await check(outputs)).find(({ code }) => code === "stream-not-found");
      await until(async () => (await gone()) !== undefined);
      const finding = (await gone()) as Finding;
      expect(finding.remedy).not.to.include("pulumi up");
      for (const command of commandsIn(finding)) await runAws(aws, command);
      expectGone([finding], await check(outputs, { propagationSeconds: 10 }));
    });

    it("enables a key that is disabled", async () => {
      const outputs = await existing();
      const KeyId = await encrypt(outputs.streamName);
      await operatorOf(aws).kms.send(new kms.DisableKeyCommand({ KeyId }));
      const found = expectFound(await check(outputs), ["key-unusable"]);
      for (const command of found.flatMap(commandsIn)) await runAws(aws, command);
      expectGone(found, await check(outputs));
    });

    it("takes statements and conditions out of policies", async () => {
      const { RoleName, existingStreamArn, ...outputs } = await existing();
      const clients = operatorOf(aws);
      const [everyone, Condition] = ["*", { StringNotEquals: { "aws:SourceVpc": "vpc-1" } }];
      await clients.kinesis.send(
        new kinesis.PutResourcePolicyCommand(
          streamPolicy(
            existingStreamArn,
            { Effect: "Deny", Principal: everyone },
            { Effect: "Deny", Principal: everyone, Condition },
          ),
        ),
      );
      const Statement = [{ Effect: "Deny", Action: "kinesis:PutRecords", Resource: "*", Condition }];
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
      const PolicyName = "conditional";
      await clients.iam.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
      const trust = (principal: string) =>
        clients.iam.send(
          new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trustOf(principal) }),
        );
      await trust("arn:aws:iam::358203115967:role/export");
      const found = expectFound(await check(outputs), [
        "stream-policy-denies",
        "stream-policy-undetermined",
        "permissions-undetermined",
        "trust-undetermined",
      ]);
      await clients.kinesis.send(new kinesis.DeleteResourcePolicyCommand({ ResourceARN: existingStreamArn }));
      await clients.iam.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName }));
      await trust("arn:aws:iam::358203115967:root");
      expectGone(found, await check(outputs));
    });

    it("grants the actions that it names", async () => {
      const outputs = await existing();
      await encrypt(outputs.streamName);
      const guardPipeArn = "arn:aws:pipes:us-east-1:111122223333:pipe/gone";
      const actions = new Set(["s3:ListBucket"]);
      const all: Finding[] = [];
      let left: Finding[] = [];
      for (let denied = true; denied; ) {
        const credentials = await principalWith.credentials(aws, allow([...actions], ["*"]));
        left = await check({ ...outputs, guardPipeArn }, { credentials });
        const found = left.filter(({ remedy }) => remedy.includes("Grant the caller"));
        all.push(...found);
        const named = found.flatMap(
          ({ remedy }) => remedy.match(/\b(kinesis|iam|kms|cloudwatch|pipes|logs):\w+/g) ?? [],
        );
        denied = named.some((action) => !actions.has(action));
        for (const action of named) actions.add(action);
      }
      expectFound(all, [
        "stream-not-described",
        "role-not-readable",
        "simulation-unavailable",
        "policies-not-readable",
        "alarms-not-readable",
        "tags-not-readable",
        "key-undetermined",
        "guard-not-readable",
      ]);
      expectGone(all, left);
    });
  });

  describe("for a stream of the stack", () => {
    const run = sandboxRun();
    const createStack = attachedStacks(run, engineOf(run));

    it("brings the guard back, whatever was changed by hand", async () => {
      const guard = { projectIds: [100], actionArns: [TOPIC] };
      const options = { folder: run.folder, aws: run.local, stackName: "guarded", config: { guard } };
      const stack = await createStack(options);
      await stack.up();
      const outputsOf = async () => {
        const entries = Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]);
        return Object.fromEntries(entries) as CheckOptions["outputs"];
      };
      const { local } = run;
      const check = async () => {
        const outputs = await outputsOf();
        const credentials = local.principals.operator;
        const report = await checkDeployment({ outputs, endpoint: local.endpoint, credentials });
        expect(report.guard?.pipeArn).to.equal(outputs.guardPipeArn);
        return report.findings.filter(({ code }) => code !== "alarm-missing");
      };
      expect(await check()).to.deep.equal([]);
      const clients = operatorOf(local);
      const Name = (await outputsOf()).guardPipeArn?.split("/")[1];
      const { RoleArn, Target = "" } = await clients.pipes.send(new pipes.DescribePipeCommand({ Name }));

      await clients.pipes.send(new pipes.StopPipeCommand({ Name }));
      const stopped = expectFound(await check(), ["guard-stopped"]);
      for (const command of stopped.flatMap(commandsIn)) await runAws(local, command);
      await until(async () => (await check()).length === 0);
      expectGone(stopped, await check());

      await clients.pipes.send(new pipes.UpdatePipeCommand({ Name, RoleArn }));
      const logGroupName = Target.split(":log-group:")[1];
      const { metricFilters = [] } = await clients.logs.send(
        new logs.DescribeMetricFiltersCommand({ logGroupName }),
      );
      const filterName = metricFilters[0]?.filterName;
      await clients.logs.send(new logs.DeleteMetricFilterCommand({ logGroupName, filterName }));
      const changed = expectFound(await check(), ["guard-projects-differ", "guard-missing"]);
      await stack.up({ refresh: true });
      expectGone(changed, await check());

      await clients.pipes.send(new pipes.DeletePipeCommand({ Name }));
      const gone = expectFound(await check(), ["guard-missing"]);
      await stack.up({ refresh: true });
      expectGone(gone, await check());
      await stack.destroy();
    });

    it("is one `pulumi up --refresh` for all that was changed by hand", async () => {
      const stack = await createStack({
        folder: run.folder,
        aws: run.local,
        stackName: "changed",
        config: { retentionHours: 24 },
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
      const clients = operatorOf(run.local);
      const check = async (more: object = {}) =>
        (
          await checkDeployment({
            outputs: { ...outputs, ...more },
            endpoint: run.local.endpoint,
            credentials: run.local.principals.operator,
          })
        ).findings;
      const trust = (...statements: object[]) =>
        clients.iam.send(
          new iam.UpdateAssumeRolePolicyCommand({
            RoleName,
            PolicyDocument: JSON.stringify({
              Version: "2012-10-17",
              Statement: statements.map((each) => ({ Effect: "Allow", ...each })),
            }),
          }),
        );
      const StreamName = outputs.streamName;
      const KeyId = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
      const EncryptionType = "KMS";
      await clients.kinesis.send(
        new kinesis.StartStreamEncryptionCommand({ StreamName, EncryptionType, KeyId }),
      );
      await trust(
        { Principal: "*", Action: "sts:AssumeRole" },
        { Principal: { AWS: "AROAABCDEFGHIJKLMNOPQ" }, Action: "sts:TagSession" },
      );
      const first = expectFound(await check({ streamArn: `${streamArn}-other` }), [
        "key-unusable",
        "anyone-trusted",
        "trust-too-broad",
        "deleted-principal",
        "stream-retention-short",
        "alarm-missing",
        "output-mismatch",
      ]);
      await clients.kinesis.send(
        new kinesis.StopStreamEncryptionCommand({ StreamName, EncryptionType, KeyId }),
      );
      const { Tags = [] } = await clients.kinesis.send(
        new kinesis.ListTagsForResourceCommand({ ResourceARN: streamArn }),
      );
      const TagKeys = Tags.map(({ Key = "" }) => Key);
      await clients.kinesis.send(new kinesis.UntagResourceCommand({ ResourceARN: streamArn, TagKeys }));
      await trust({ Principal: { AWS: STRANGER }, Action: "sts:AssumeRole" });
      const { AttachedPolicies = [] } = await clients.iam.send(
        new iam.ListAttachedRolePoliciesCommand({ RoleName }),
      );
      for (const { PolicyArn } of AttachedPolicies)
        await clients.iam.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
      const second = expectFound(await check(), [
        "amplitude-not-trusted",
        "write-not-allowed",
        "simulate-not-allowed",
        "stream-not-encrypted",
        "untagged",
        "others-trusted",
      ]);
      for (const { code, remedy } of [...first, ...second])
        if (code !== "alarm-missing") expect(remedy, code).to.match(/pulumi up --refresh/);
      const changes = { retentionHours: { value: "168" }, "alarms.actionArns[0]": { value: TOPIC } };
      await stack.setAllConfig(changes, true);
      await stack.up({ refresh: true });
      expectGone([...first, ...second], await check({ streamArn }));

      const { AttachedPolicies: attached = [] } = await clients.iam.send(
        new iam.ListAttachedRolePoliciesCommand({ RoleName }),
      );
      for (const { PolicyArn } of attached)
        await clients.iam.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
      await clients.iam.send(new iam.DeleteRoleCommand({ RoleName }));
      const third = expectFound(await check(), ["role-not-found"]);
      await stack.up({ refresh: true });
      expectGone(third, await check({ roleArn: await value("roleArn") }));
    });
  });
});
