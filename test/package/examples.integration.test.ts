import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { parse } from "yaml";
import root from "../../package.json";
import { findPulumiCli } from "../../sandbox/pulumi/provisioning/pulumiCli";
import { PROJECT } from "../cache";
import { blocksOf, readDocument } from "../docs/documents";
import { sandboxEnvironment } from "../sandbox/pulumi/provisioning/checkout";
import { type LanguageHost, startLanguageHost } from "../sandbox/pulumi/provisioning/languageHost";
import { sandboxRun } from "../sandbox/pulumi/provisioning/sandboxRun";
import { skip } from "../skip";
import { addPrograms, consumer, packed, printed, removed, temporaryFolder, typeErrors } from "./installed";

const EXAMPLES = join(PROJECT, "examples");
const TEMPLATE = join(PROJECT, "template");
const TYPESCRIPT = join(PROJECT, "node_modules", "typescript", "bin", "tsc");
const DESTINATION = [
  "amplitude-kinesis:index:AmplitudeKinesisDestination",
  "aws:iam/policy:Policy",
  "aws:iam/role:Role",
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  "aws:kinesis/stream:Stream",
];
const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";
const TOPIC = "arn:aws:sns:eu-central-1:111122223333:on-call";
const FORM = ["roleArn", "region", "streamName"];

/** Configuration of each stack in TypeScript, and the expected resource types and outputs. */
const STACKS: [folder: string, config: Record<string, string>, types: string[], outputs: string[]][] = [
  [
    "typescript",
    { "project:alarmTopicArn": TOPIC },
    [...DESTINATION, ...new Array(4).fill(ALARM)],
    [...FORM, "streamArn", "roleName", "policyArn"],
  ],
  ["typescript-esm", {}, DESTINATION, FORM],
  ["stack-reference", {}, ["aws:iam/policy:Policy", "pulumi:pulumi:StackReference"], ["readingPolicyArn"]],
];

describe("the examples and the template, with the packed package", function () {
  this.timeout(120_000);
  let folder: string;
  let project: string;
  before(async () => {
    folder = await temporaryFolder();
    const { packageFolder } = await packed();
    const installed = [
      ...Object.keys(root.dependencies),
      ...Object.keys(root.peerDependencies),
      "@types/node",
      "tsx",
    ];
    project = await consumer(join(folder, "project"), packageFolder, installed);
    await addPrograms(project, ["outputs.mjs"]);
  });
  after(() => removed(folder));

  /** Type-checks strictly, compiles into `out`, and returns the errors. */
  const compileErrors = (place: string) => typeErrors(place, ["--noEmit", "false", "--outDir", "out"]);

  /** Runs a program of the project that has the package installed, and returns its resources and outputs. */
  async function made(program: string, config: Record<string, string>) {
    return JSON.parse(await printed(project, "outputs.mjs", join(project, program), JSON.stringify(config)));
  }

  for (const [name, config, types, outputs] of STACKS) {
    it(`examples/${name} type-checks, and creates its resources`, async () => {
      await cp(join(EXAMPLES, name), join(project, name), { recursive: true });
      expect(await compileErrors(join(project, name))).to.deep.equal([]);
      const result = await made(`${name}/out/index.js`, config);
      expect(result.types).to.deep.equal([...types].sort());
      expect(Object.keys(result.outputs)).to.include.members(outputs);
    });
  }

  it("are each a Pulumi project, with the tested versions", async () => {
    const projects = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, "Pulumi.yaml")));
    expect(projects)
      .to.include.members(STACKS.map(([name]) => name))
      .and.include.members(["python", "go", "yaml"]);
    for (const place of [...projects.map((name) => join(EXAMPLES, name)), TEMPLATE]) {
      const settings = parse(await readFile(join(place, "Pulumi.yaml"), "utf8"));
      expect(settings, place).to.include.all.keys("name", "description", "runtime");
      if (!existsSync(join(place, "package.json"))) continue;
      const { dependencies, devDependencies } = JSON.parse(
        await readFile(join(place, "package.json"), "utf8"),
      );
      const known = { ...root.dependencies, ...root.devDependencies, [root.name]: root.version };
      expect(known, place).to.include({ ...dependencies, ...devDependencies });
    }
    const requirements = await readFile(join(EXAMPLES, "python", "requirements.txt"), "utf8");
    expect(requirements).to.equal(`pulumi>=${root.devDependencies["@pulumi/pulumi"]},<4\n`);
  });

  it("name every role with 80 random bits", async () => {
    for (const name of ["typescript", "typescript-esm", "python", "go", "yaml"]) {
      const { config } = parse(await readFile(join(EXAMPLES, name, "Pulumi.yaml"), "utf8"));
      const { pattern } = config["pulumi:autonaming"].value.providers.aws.resources["aws:iam/role:Role"];
      expect(pattern, name).to.equal(`\${name}-\${hex(20)}`);
    }
  });

  describe("the template", () => {
    const sandbox = sandboxRun();
    let host: LanguageHost;
    let generated: string;
    let printed: string;

    before(async function () {
      host = await startLanguageHost();
      generated = join(project, "acme-amplitude");
      if ((await findPulumiCli(sandbox.folder)) === undefined) skip(this, "no pulumi is on PATH");
      printed = await runDocumented();
    });
    after(() => host?.stop());

    it("creates a project and deploys it by the documented commands", async () => {
      expect(printed)
        .to.match(/\+ 6 created/)
        .and.to.include("arn:aws:kinesis:eu-central-1:111122223333:stream/");
      const settings = parse(await readFile(join(generated, "Pulumi.yaml"), "utf8"));
      expect(settings).to.include({ name: "acme-amplitude", description: "Events of acme" });
      expect(settings).not.to.have.property("template");
      expect(JSON.stringify(settings.config)).to.include("hex(20)");
      const { name } = JSON.parse(await readFile(join(generated, "package.json"), "utf8"));
      expect(name).to.equal("acme-amplitude");
    });

    it("creates alarms if a topic is given", async () => {
      expect(await compileErrors(generated)).to.deep.equal([]);
      const plain = await made("acme-amplitude/out/index.js", {});
      expect(plain.types).to.deep.equal(DESTINATION);
      expect(Object.keys(plain.outputs)).to.include.members(FORM);
      const watched = await made("acme-amplitude/out/index.js", { "project:alarmTopicArn": TOPIC });
      expect(watched.types.filter((type: string) => type === ALARM)).to.have.lengthOf(2);
    });

    /** Runs the block of docs/component.md, without its installation and without questions. */
    async function runDocumented(): Promise<string> {
      const checkout = join(project, "checkout");
      await cp(TEMPLATE, join(checkout, "template"), { recursive: true });
      const commands = blocksOf(readDocument("docs/component.md")).find(({ code }) =>
        code.includes("pulumi new"),
      );
      const named = "--name acme-amplitude --description 'Events of acme'";
      const script = (commands?.code ?? "false")
        .replace(/^pulumi new .*$/m, `$& --yes ${named}`)
        .replace(/^pulumi up$/m, "$& --yes --skip-preview");
      const env = await sandboxEnvironment(sandbox.folder, sandbox.local, host);
      const npm = `npm() { case "$*" in "run check") "${process.execPath}" "${TYPESCRIPT}";; esac; }`;
      const run = promisify(execFile);
      const { stdout } = await run("sh", ["-euc", `${npm}\n${script}`], { cwd: checkout, env });
      return stdout;
    }
  });
});
