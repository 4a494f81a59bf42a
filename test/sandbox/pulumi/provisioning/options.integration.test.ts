import { expect } from "chai";
import { createStack } from "../../../../sandbox/pulumi/provisioning/engine";
import { broughtUp } from "./broughtUp";
import { attachedStacks, engineOf, sandboxRun } from "./sandboxRun";

const COMPONENT = JSON.stringify(require.resolve("../../../../components"));
const AWS = JSON.stringify(require.resolve("@pulumi/aws/provider"));
const HEADER = `const { AmplitudeKinesisDestination } = require(${COMPONENT});\n`;

describe("Pulumi's options on the component, through the engine", function () {
  this.timeout(120_000);
  const run = sandboxRun();
  const cli = engineOf(run);
  const createAttached = attachedStacks(run, cli);
  const optionsOf = async (stackName: string, source: string) => {
    const program = await run.program(stackName, HEADER + source);
    return { folder: run.folder, aws: run.local, stackName, program };
  };

  const stackOf = async (stackName: string, source: string) =>
    createAttached(await optionsOf(stackName, source));
  /** Starts a plugin for each of its providers. */
  const stackOfProviders = async (stackName: string, source: string) =>
    createStack(await optionsOf(stackName, source), cli());

  /** Writes the program, which each update reads again. */
  const rewrite = (stackName: string, source: string) => run.program(stackName, HEADER + source);

  it("protect applies to the children: nothing is destroyed", async () => {
    const stack = await stackOf("protected", 'new AmplitudeKinesisDestination("p", {}, { protect: true });');
    await stack.up();
    expect(await stack.destroy().catch(String)).to.include("protected");
    const { deployment } = await stack.exportStack();
    const ours = deployment.resources.filter(({ type }: { type: string }) => /^aws:/.test(type));
    expect(ours).to.have.lengthOf(4);
    expect(ours.every(({ protect }: { protect?: boolean }) => protect === true)).to.equal(true);
    await rewrite("protected", 'new AmplitudeKinesisDestination("p", {});');
    await stack.up();
    await stack.destroy();
  });

  it("a role's name keeps its generated suffix in the next update", async () => {
    const stack = await stackOf(
      "prefixed",
      'new AmplitudeKinesisDestination("p", { roleNamePrefix: "vendor-" });',
    );
    await stack.up();
    expect((await stack.preview()).changeSummary).to.have.all.keys("same");
    await stack.destroy();
  });

  it("aliases apply to the children: renaming the component replaces nothing", async () => {
    const named = '{ streamName: "kept", roleName: "kept", tags: {} }';
    const stack = await stackOf("aliased", `new AmplitudeKinesisDestination("before", ${named});`);
    await stack.up();
    await rewrite(
      "aliased",
      `new AmplitudeKinesisDestination("after", ${named}, { aliases: [{ name: "before" }] });`,
    );
    const made = await broughtUp(stack);
    // The tag with the component's name follows it; Pulumi keeps the policy's generated name.
    expect(made.every((step) => step.startsWith("update "))).to.equal(true, made.join());
    await stack.destroy();
  });

  it("transforms apply to the children", async () => {
    const transform = `({ type, props, opts }) =>
      type.startsWith("aws:") && props.tags ? { props: { ...props, tags: pulumi.output(props.tags).apply((tags) => ({ ...tags, via: "transform" })) }, opts } : undefined`;
    const source = `exports.streamArn = new AmplitudeKinesisDestination("t", {}, { transforms: [${transform}] }).streamArn;`;
    const stack = await stackOf("transformed", source);
    await stack.up();
    const { deployment } = await stack.exportStack();
    const tagged = deployment.resources.filter(
      ({ outputs }: { outputs?: { tags?: { via?: string } } }) => outputs?.tags?.via === "transform",
    );
    expect(tagged).to.have.lengthOf(3);
    await stack.destroy();
  });

  it("two customers in two regions live in one program, each by its provider", async () => {
    const { endpoint } = run.local;
    const source = `const { Provider } = require(${AWS});
const provider = (region) => new Provider(region, { region, endpoints: [{ kinesis: "${endpoint}", iam: "${endpoint}", sts: "${endpoint}" }], skipCredentialsValidation: true, skipMetadataApiCheck: true, skipRequestingAccountId: true });
for (const [name, region] of [["acme", "eu-central-1"], ["globex", "ap-northeast-1"]]) {
  const { streamArn, region: of } = new AmplitudeKinesisDestination(name, {}, { providers: [provider(region)] });
  exports[name] = streamArn;
  exports[name + "Region"] = of;
}`;
    const stack = await stackOfProviders("regions", source);
    const { outputs } = await stack.up();
    expect(outputs.acme?.value).to.match(/^arn:aws:kinesis:eu-central-1:111122223333:stream\/acme-/);
    expect(outputs.globex?.value).to.match(/^arn:aws:kinesis:ap-northeast-1:111122223333:stream\/globex-/);
    expect([outputs.acmeRegion?.value, outputs.globexRegion?.value]).to.deep.equal([
      "eu-central-1",
      "ap-northeast-1",
    ]);
    expect((await stack.preview()).changeSummary).to.have.all.keys("same");
    await stack.destroy();
  });

  it("a provider of a region that can't trust Amplitude is rejected before anything is created", async () => {
    const { endpoint } = run.local;
    const source = `const { Provider } = require(${AWS});
const endpoints = [{ kinesis: "${endpoint}", iam: "${endpoint}", sts: "${endpoint}" }];
const china = new Provider("china", { region: "cn-north-1", endpoints, skipCredentialsValidation: true, skipMetadataApiCheck: true, skipRequestingAccountId: true });
new AmplitudeKinesisDestination("abroad", {}, { provider: china });`;
    const stack = await stackOfProviders("abroad", source);
    expect(await stack.preview().catch(String)).to.include("its region is cn-north-1: Amplitude's account");
    expect(await stack.up().catch(String)).to.include("its region is cn-north-1: Amplitude's account");
    const { deployment } = await stack.exportStack();
    const made = deployment.resources.filter(({ type }: { type: string }) => type.startsWith("aws:"));
    expect(made).to.deep.equal([]);
    await stack.destroy();
  });

  it("a key, a topic and a boundary of another region or account are rejected before anything is created, also as Outputs", async () => {
    const { endpoint } = run.local;
    const provider = `const { Provider } = require(${AWS});
const endpoints = [{ kinesis: "${endpoint}", iam: "${endpoint}", sts: "${endpoint}" }];
const provider = new Provider("frankfurt", { region: "eu-central-1", endpoints, skipCredentialsValidation: true, skipMetadataApiCheck: true, skipRequestingAccountId: true });`;
    const wrong: [string, string][] = [
      [
        'kmsKeyArn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"',
        "kmsKeyArn",
      ],
      [
        'alarms: { actionArns: [pulumi.output("arn:aws:sns:us-east-1:111122223333:t")] }',
        "alarms.actionArns[0]",
      ],
      ['permissionsBoundaryArn: "arn:aws:iam::444455556666:policy/limit"', "permissionsBoundaryArn"],
      ['tags: pulumi.secret({ team: "#" })', 'tags["team"]'],
    ];
    const source = (input: string) =>
      `${provider}\nnew AmplitudeKinesisDestination("misplaced", { ${input} }, { provider });`;
    const stack = await stackOfProviders("misplaced", source(""));
    for (const [input, path] of wrong) {
      await rewrite("misplaced", source(input));
      expect(await stack.up().catch(String))
        .to.match(/has 1 invalid input:\n +/)
        .and.to.include(` ${path}: `);
      const { deployment } = await stack.exportStack();
      const created = (deployment.resources ?? []).filter(({ type }: { type: string }) =>
        type.startsWith("aws:"),
      );
      expect(created, path).to.deep.equal([]);
    }
  });

  it("twenty customers live in one program", async () => {
    const source = `for (let index = 0; index < 20; index += 1) new AmplitudeKinesisDestination("customer" + index);`;
    const stack = await stackOf("twenty", source);
    expect(await broughtUp(stack)).to.have.lengthOf(80);
    expect((await stack.preview()).changeSummary).to.have.all.keys("same");
    await stack.destroy();
  });
});
