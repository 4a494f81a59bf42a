import { join } from "node:path";
import { expect } from "chai";
import { describeSource } from "../../../../delivery/cli/options/source";
import type { LocalPrincipal } from "../../../../sandbox/aws";
import { allow, type Fixture, sharedAws } from "../../../sandbox/aws/localAws";
import { type Deployment, deploy, recordsOf } from "../../deployment/deploy";
import { principalWith } from "../../deployment/principalWith";
import { environmentOf } from "../commandLine";
import { runInProcess } from "../inProcess";
import { PulumiStacks } from "./pulumiStacks";

const EVERYTHING = allow(["*"], ["*"]);

describe("The credentials of a command with --stack", () => {
  let aws: Fixture;
  let stacks: PulumiStacks;
  let outputs: Deployment;
  /** An environment without AWS settings, except for the shared files. */
  let bare: Record<string, string>;
  let endpoints: Record<string, string>[];
  before(async function () {
    stacks = await PulumiStacks.create(this);
    aws = await sharedAws();
    outputs = await deploy(aws, { shards: 1 });
    const { operator, stranger } = aws.principals;
    await stacks.write("config", `[profile acme]\n${keysOf(operator)}[profile other]\n${keysOf(stranger)}`);
    bare = { ...stacks.env, AWS_CONFIG_FILE: join(stacks.folder, "config") };
    const services = ["kinesis", "iam", "sts", "kms", "cloudwatch"];
    endpoints = [Object.fromEntries(services.map((service) => [service, aws.endpoint]))];
  });
  after(() => stacks?.remove());

  /** Returns the keys of a principal as a shell has them, without the endpoint. */
  function shellOf(principal: LocalPrincipal): Record<string, string> {
    const { AWS_ENDPOINT_URL, ...keys } = environmentOf(aws, principal);
    return keys;
  }

  const check = (stack: string, env: Record<string, string> = {}, ...more: string[]) =>
    runInProcess(["check", "--stack", stack, "--cwd", stacks.project, "--json", ...more], {
      ...bare,
      ...env,
    });

  async function caller(...run: Parameters<typeof check>): Promise<string> {
    const { stdout, stderr } = await check(...run);
    expect(stderr).not.to.include("amplitude-kinesis:");
    return JSON.parse(stdout).checkedAs;
  }

  it("are those of the stack's profile at its endpoints, whatever the shell has", async () => {
    await stacks.add("profile", outputs, { "aws:profile": "acme", "aws:endpoints": endpoints });
    expect(await caller("profile")).to.equal(aws.principals.operator.arn);
    expect(await caller("profile", shellOf(aws.principals.stranger))).to.equal(aws.principals.operator.arn);
  });

  it("are those of the last role that the stack assumes, the first one with the shell's", async () => {
    const hub = await principalWith.role(aws, EVERYTHING);
    const acme = await principalWith.role(aws, EVERYTHING, hub);
    const assumeRoles = [{ roleArn: hub }, { roleArn: acme, sessionName: "onboarding" }];
    await stacks.add("roles", outputs, { "aws:assumeRoles": assumeRoles, "aws:endpoints": endpoints });
    const name = acme.split("/").at(-1);
    expect(await caller("roles", shellOf(aws.principals.operator))).to.equal(
      `arn:aws:sts::111122223333:assumed-role/${name}/onboarding`,
    );
    const { status, stderr } = await check("roles", shellOf(aws.principals.stranger));
    expect(status).to.equal(2);
    expect(stderr).to.include(`${hub} can't be assumed: AccessDenied`).and.include('of stack "roles"');
  });

  it("are secret keys if the passphrase is set, and never the shell's instead", async () => {
    const { accessKeyId, secretAccessKey } = aws.principals.operator;
    const keys = { "aws:accessKey": accessKeyId, "aws:secretKey": secretAccessKey };
    await stacks.add("keys", outputs, { "aws:endpoints": endpoints }, keys);
    expect(await caller("keys")).to.equal(aws.principals.operator.arn);
    const env = { ...shellOf(aws.principals.operator), PULUMI_CONFIG_PASSPHRASE: "wrong" };
    const { status, stderr } = await check("keys", env);
    expect(status).to.equal(2);
    expect(stderr).to.include("`pulumi config --show-secrets` failed").and.include("incorrect passphrase");
    expect(stderr).to.include("--profile").and.not.include(secretAccessKey);
    const endpoint = { AWS_ENDPOINT_URL: aws.endpoint };
    expect(await caller("keys", { ...env, ...endpoint }, "--profile", "acme")).to.equal(
      aws.principals.operator.arn,
    );
  });

  it("are those of --profile if it is given, but the stack's endpoints and accounts stay", async () => {
    const accounts = { "aws:allowedAccountIds": ["111122223333"], "aws:endpoints": endpoints };
    await stacks.add("allowed", outputs, { "aws:profile": "missing", ...accounts });
    expect(await caller("allowed", {}, "--profile", "acme")).to.equal(aws.principals.operator.arn);
    const other = await check("allowed", {}, "--profile", "other");
    expect(other.status).to.equal(2);
    expect(other.stderr).to.include('(profile "other") are of account 444455556666, but allowedAccountIds');
    const missing = await check("allowed", shellOf(aws.principals.operator));
    expect(missing.status).to.equal(2);
    expect(missing.stderr).to.include('AWS credentials (profile "missing" of stack "allowed") are missing');
  });

  it("send nothing if they are of an account that the stack excludes", async () => {
    const forbidden = { "aws:forbiddenAccountIds": ["111122223333"], "aws:endpoints": endpoints };
    await stacks.add("forbidden", outputs, { "aws:profile": "acme", ...forbidden });
    const args = ["--stack", "forbidden", "--cwd", stacks.project, "--events", "2", "--propagation", "0"];
    const { status, stderr } = await runInProcess(["send", ...args], bare);
    expect(status).to.equal(2);
    expect(stderr).to.include('(profile "acme" of stack "forbidden") are of account 111122223333');
    expect(await recordsOf(aws, outputs.streamName)).to.deep.equal([]);
  });

  it("resume a run that they started", async () => {
    await stacks.add("resumed", outputs, { "aws:profile": "acme", "aws:endpoints": endpoints });
    const flags = { events: 2, stack: "resumed", cwd: stacks.project };
    const header = { format: 2, runId: "abcdefghijkl", outputs, startedAt: Date.now(), readFrom: Date.now() };
    const source = describeSource(flags, Date.now());
    await stacks.write("abcdefghijkl.run", `${JSON.stringify({ ...header, source })}\n`);
    const args = ["verify", "--resume", "abcdefghijkl", "--run-folder", stacks.folder, "--propagation", "0"];
    const { status, stdout } = await runInProcess([...args, "--json"], bare);
    expect(JSON.parse(stdout)).to.include({ verdict: "verified", eventsDelivered: 2 });
    expect(status).to.equal(0);
  });

  it("are those of the stack for one of several destinations, which other languages export otherwise", async () => {
    const { roleArn, region, streamName } = outputs;
    const urn = "urn:pulumi:several::customers::amplitude-kinesis:index:Any::go";
    const go = { "4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e", urn };
    const values = { go, python: { role_arn: roleArn, region: "eu-west-1", stream_name: "python" } };
    const config = { "aws:profile": "acme", "aws:endpoints": endpoints };
    await stacks.add("several", values, config, {}, [{ urn, outputs: { roleArn, region, streamName } }]);
    expect(await caller("several", {}, "--output", "go")).to.equal(aws.principals.operator.arn);
    const several = await check("several");
    expect(several.stderr).to.include('stack "several" has 2 destinations: go, python. Choose one');
    const handoff = [
      "handoff",
      "--stack",
      "several",
      "--cwd",
      stacks.project,
      "--output",
      "python",
      "--json",
    ];
    expect((await runInProcess(handoff, bare)).stdout)
      .to.include('"python"')
      .and.include("eu-west-1");
  });

  it("are unknown if the stack can't be read, or if its settings were lost", async () => {
    await stacks.add("forgotten", { ...outputs, settings: ["aws:profile", "aws:region", "streamName"] });
    const forgotten = await check("forgotten", shellOf(aws.principals.operator));
    expect(forgotten.stderr)
      .to.include('Stack "forgotten" was deployed with aws:profile, and')
      .and.include("--profile");
    const { status, stderr } = await check("nosuch", shellOf(aws.principals.operator));
    expect(status).to.equal(2);
    expect(stderr).to.include("`pulumi stack output` failed").and.include("no stack named 'nosuch'");
  });
});

function keysOf({ accessKeyId, secretAccessKey }: LocalPrincipal): string {
  return `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
}
