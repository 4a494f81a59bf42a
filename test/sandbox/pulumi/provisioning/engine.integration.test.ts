import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { UntagRoleCommand } from "@aws-sdk/client-iam";
import { ListStreamsCommand } from "@aws-sdk/client-kinesis";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { createStack, provision } from "../../../../sandbox/pulumi/provisioning/engine";
import type { StackOutputs } from "../../../../sandbox/pulumi/provisioning/places";
import { TYPESCRIPT } from "../../../processes";
import { until } from "../../../until";
import { processesNaming } from "./processes";
import { engineOf, refusal, sandboxRun } from "./sandboxRun";

const STACK = "pulumi:pulumi:Stack";
const OURS = [
  "amplitude-kinesis:index:AmplitudeKinesisDestination",
  "aws:iam/policy:Policy",
  "aws:iam/role:Role",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:kinesis/stream:Stream",
];

describe("provisioning through the Pulumi engine", () => {
  const run = sandboxRun();
  const cli = engineOf(run);
  it("creates exactly the component and its four resources, finds them unchanged, corrects drift, and destroys them", async () => {
    const options = {
      folder: run.folder,
      aws: run.local,
      stackName: "acme",
      config: { tags: { team: "data" } },
    };
    const stack = await createStack(options, cli());
    const steps: string[] = [];
    const result = await stack.up({ onEvent: (event) => steps.push(...stepOf(event)) });
    const outputs = values(result.outputs);
    const made = [STACK, ...OURS].map((type) => `create ${type}`);
    expect(steps.sort()).to.deep.equal(["create pulumi:providers:aws", ...made].filter(listed(steps)).sort());
    expect(steps).to.include.members(made);
    expect(outputs.roleArn).to.match(/^arn:aws:iam::111122223333:role\/amplitude-role-[0-9a-f]{20}$/);
    expect(outputs.streamArn).to.equal(`arn:aws:kinesis:us-east-1:111122223333:stream/${outputs.streamName}`);
    const { stream, role, attached } = await run.state(outputs);
    expect(stream).to.deep.include({ retentionPeriod: 168, encryptionType: "KMS" });
    expect(role?.tags).to.deep.include({ team: "data" });
    expect(attached).to.have.lengthOf(1);

    expect((await stack.preview()).changeSummary).to.have.all.keys("same");
    expect((await stack.up()).summary.resourceChanges).to.have.all.keys("same");

    const RoleName = outputs.roleArn.split("/").at(-1) ?? "";
    await run.aws.iam.send(new UntagRoleCommand({ RoleName, TagKeys: ["team"] }));
    expect((await stack.refresh()).summary.resourceChanges).to.include({ update: 1 });
    expect((await stack.up()).summary.resourceChanges).to.include({ update: 1 });
    expect((await run.state(outputs)).role?.tags).to.deep.include({ team: "data" });

    await stack.destroy();
    expect(await run.state(outputs)).to.deep.equal({ stream: undefined, role: undefined, attached: [] });
  });

  it("writes files only to its folder, and the secret key to none", async () => {
    const stack = await createStack({ folder: run.folder, aws: run.local, stackName: "files" }, cli());
    await stack.up();
    await stack.destroy();
    expect(await readdir(join(run.folder, "pulumi"))).to.have.members([
      "home",
      "plugin",
      "project",
      "state",
      "tmp",
    ]);
    const secret = run.local.principals.operator.secretAccessKey;
    for (const file of await readdir(join(run.folder, "pulumi"), {
      recursive: true,
      withFileTypes: true,
    })) {
      if (!file.isFile()) continue;
      expect(await readFile(join(file.parentPath, file.name), "utf8"), file.name).not.to.include(secret);
    }
  });

  it("names the engine, whatever Pulumi settings the caller has", async () => {
    const own = {
      PULUMI_ACCESS_TOKEN: "x",
      PULUMI_BACKEND_URL: "https://127.0.0.1:1",
      PULUMI_STACK: "other",
    };
    Object.assign(process.env, own);
    try {
      const { engine, outputs, destroy } = await provision({
        folder: run.folder,
        aws: run.local,
        stackName: "beta",
      });
      expect(engine).to.equal(`Pulumi engine v${cli().version}`);
      expect(outputs.readme).to.include("# beta:");
      await destroy();
    } finally {
      for (const name of Object.keys(own)) delete process.env[name];
    }
  });

  it("rejects if the provider doesn't know a property or a type", async () => {
    const source = 'new kinesis.Stream("s", { shardCount: 1, warmThroughputMibPs: 5 });';
    const program = await run.program("unknown", source);
    const options = { folder: run.folder, aws: run.local, stackName: "unknown", program };
    expect(await refusal(provision(options))).to.include("does not support property warmThroughputMibPs");
    const other = await run.program(
      "other",
      'new kinesis.StreamConsumer("c", { name: "c", streamArn: "arn" });',
    );
    const said = await refusal(provision({ ...options, stackName: "other", program: other }));
    expect(said).to.include("does not support the type aws:kinesis/streamConsumer:StreamConsumer");
  });

  it("rejects if a stream was created only partly, records it, and can destroy it", async () => {
    const source = 'new kinesis.Stream("half", { name: "half", shardCount: 1, encryptionType: "KMS" });';
    const program = await run.program("half", source);
    const stack = await createStack(
      { folder: run.folder, aws: run.local, stackName: "half", program },
      cli(),
    );
    expect(await stack.up().catch(String)).to.include("KMS Key Id required");
    expect(JSON.stringify(await stack.exportStack()))
      .to.include("stream/half")
      .and.to.include("initErrors");
    await stack.destroy();
    const { StreamNames } = await run.aws.kinesis("us-east-1").send(new ListStreamsCommand({}));
    expect(StreamNames).not.to.include("half");
  });

  it("rejects with the component's message if an input is invalid", async () => {
    const config = { retentionHours: 5 };
    const options = { folder: run.folder, aws: run.local, stackName: "wrong", config };
    expect(await refusal(provision(options))).to.include("retentionHours");
  });

  it("leaves no process behind if its process is killed halfway", async () => {
    const folder = join(run.folder, "killed");
    await mkdir(folder);
    const task = JSON.stringify({ folder, aws: run.local, stackName: "killed", engine: "pulumi" });
    const code = `require(${JSON.stringify(require.resolve("../../../../sandbox/pulumi/provisioning/engine"))}).provision(${task})`;
    const child = spawn(process.execPath, ["-r", TYPESCRIPT, "-e", code], {
      stdio: "ignore",
    });
    const exited = once(child, "exit");
    await until(
      async () => (await processesNaming(folder)).some((command) => command.includes("provider/main")),
      child,
    );
    child.kill("SIGKILL");
    await exited;
    await until(async () => (await processesNaming(folder)).length === 0);
  });
});

function stepOf(event: EngineEvent): string[] {
  const metadata = event.resourcePreEvent?.metadata;
  return metadata === undefined ? [] : [`${metadata.op} ${metadata.type}`];
}

/** Filters out the default provider's step unless it is expected, because only some engines report it. */
function listed(steps: string[]) {
  return (step: string) => !step.includes("pulumi:providers") || steps.includes(step);
}

function values(outputs: Record<string, { value: unknown }>): StackOutputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { value }]) => [name, value]),
  ) as unknown as StackOutputs;
}
