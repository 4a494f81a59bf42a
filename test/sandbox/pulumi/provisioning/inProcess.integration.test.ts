import { tmpdir } from "node:os";
import { expect } from "chai";
import { provision } from "../../../../sandbox/pulumi/provisioning/engine";
import { autonamingFor } from "../../../../sandbox/pulumi/provisioning/inProcess";
import { refusal, sandboxRun } from "./sandboxRun";

describe("provisioning in process", () => {
  const run = sandboxRun();
  const start = (config: Record<string, unknown>, program?: string) => {
    const chosen = program === undefined ? {} : { program };
    return provision({
      folder: run.folder,
      aws: run.local,
      stackName: "acme",
      engine: "in-process",
      config,
      ...chosen,
    });
  };

  it("keeps the system's temporary folder if TMPDIR is not set", async () => {
    const { TMPDIR } = process.env;
    delete process.env.TMPDIR;
    try {
      const program = await run.program("temporary", 'exports.temporary = require("node:os").tmpdir();');
      const { outputs } = await start({}, program);
      expect(outputs).to.deep.equal({ temporary: tmpdir() });
    } finally {
      if (TMPDIR !== undefined) process.env.TMPDIR = TMPDIR;
    }
  });

  it("creates the stack's resources with Pulumi.yaml's defaults and the given settings, and destroys them", async () => {
    const { engine, outputs, destroy } = await start({ retentionHours: 48, tags: { team: "data" } });
    expect(engine).to.equal("Pulumi's in-process runtime");
    expect(outputs.roleArn).to.match(/^arn:aws:iam::111122223333:role\/amplitude-role-[0-9a-f]{20}$/);
    expect(outputs.region).to.equal("us-east-1");
    expect(outputs.streamName).to.match(/^amplitude-stream-[0-9a-f]{7}$/);
    expect(outputs.streamArn).to.equal(`arn:aws:kinesis:us-east-1:111122223333:stream/${outputs.streamName}`);
    expect(outputs.readme).to.include("# acme:").and.to.include(outputs.roleArn);

    const { stream, role, attached } = await run.state(outputs);
    expect(stream).to.deep.include({
      retentionPeriod: 48,
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
      streamModeDetails: { streamMode: "ON_DEMAND" },
      tags: { team: "data", "amplitude-kinesis:destination": "amplitude" },
    });
    expect(role?.assumeRolePolicy).to.include("358203115967");
    expect(attached).to.have.lengthOf(1);

    await destroy();
    expect(await run.state(outputs)).to.deep.equal({ stream: undefined, role: undefined, attached: [] });
  });

  it("gives each role another name", async () => {
    const [one, other] = [await start({ streamName: "one" }), await start({ streamName: "other" })];
    expect(one.outputs.streamName).to.equal("one");
    expect(one.outputs.roleArn).not.to.equal(other.outputs.roleArn);
    await Promise.all([one.destroy(), other.destroy()]);
  });

  it("starts the role's name with the given prefix", async () => {
    const { outputs, destroy } = await start({ roleNamePrefix: "vendor-" });
    expect(outputs.roleArn).to.match(/:role\/vendor-\d{18}[0-9a-f]{8}$/);
    await destroy();
  });

  it("rejects with the component's message if an input is invalid", async () => {
    const said = await refusal(start({ retentionHours: 5, roleName: "no spaces allowed" }));
    expect(said).to.include("retentionHours").and.to.include("roleName");
  });

  it("rejects if the service rejects a resource, and if the provider doesn't know a property", async () => {
    const taken = await start({ streamName: "taken" });
    expect(await refusal(start({ streamName: "taken" }))).to.match(/taken/);
    await taken.destroy();
    const program = await run.program(
      "unknown",
      'new kinesis.Stream("s", { warmThroughputMibPs: 5, shardCount: 1 });',
    );
    expect(await refusal(start({}, program))).to.include("does not support property warmThroughputMibPs");
  });

  it("rejects if an output of the program fails", async () => {
    const source = 'exports.roleArn = pulumi.output(1).apply(() => { throw new Error("no such role"); });';
    expect(await refusal(start({}, await run.program("failing", source)))).to.include("no such role");
  });
});

describe("names by pulumi:autonaming, without the engine", () => {
  const role = "aws:iam/role:Role";
  const of = (expression: string) => `$\{${expression}}`;
  const naming = (value: unknown) =>
    autonamingFor({ name: "project", config: { "pulumi:autonaming": { value } } }, "stack", role, "thing");

  it("prefer the type's pattern over its provider's, and that over the general one", () => {
    const value = {
      pattern: "all",
      providers: {
        aws: {
          pattern: "aws",
          resources: { [role]: { pattern: `${of("project")}-${of("stack")}-${of("name")}-${of("hex(5)")}` } },
        },
      },
    };
    expect(naming(value)?.proposedName).to.match(/^project-stack-thing-[0-9a-f]{5}$/);
    expect(naming({ ...value, providers: { aws: { pattern: "aws" } } })?.proposedName).to.equal("aws");
    expect(naming({ pattern: "all" })).to.deep.equal({ proposedName: "all", mode: "propose" });
  });

  it("know the modes, and reject an expression that they don't support", () => {
    expect(naming(undefined)).to.equal(undefined);
    expect(naming({ mode: "verbatim" })).to.deep.equal({ proposedName: "thing", mode: "enforce" });
    expect(naming({ mode: "disabled" })?.mode).to.equal("disable");
    expect(() => naming({ pattern: of("uuid") })).to.throw(/does not support \$\{uuid\}/);
  });
});
