import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { parse } from "yaml";
import root from "../../package.json";
import { PROJECT } from "../cache";
import { noteSkipped } from "../skip";
import { addPrograms, consumer, packed, printed, removed, temporaryFolder, typeErrors } from "./installed";

const EXAMPLES = join(PROJECT, "examples");
const TEMPLATE = join(PROJECT, "template");
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

/** What each stack in TypeScript is given, and what it makes of that. */
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
    ];
    project = await consumer(join(folder, "project"), packageFolder, installed);
    await addPrograms(project, ["outputs.mjs"]);
  });
  after(() => removed(folder));

  /** Type-checks strictly, and compiles into `out`. */
  const compileErrors = (place: string) => typeErrors(place, "--noEmit", "false", "--outDir", "out");

  /** In a folder of the project that has the package installed. */
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

  it("the template creates a project that type-checks, with alarms if a topic is given", async () => {
    const generated = join(project, "from-template");
    await generate(generated);
    const settings = parse(await readFile(join(generated, "Pulumi.yaml"), "utf8"));
    expect(settings).to.include({ name: "acme-amplitude", description: "Events of acme" });
    expect(settings).not.to.have.property("template");
    expect(JSON.stringify(settings.config)).to.include("hex(20)");
    expect(JSON.parse(await readFile(join(generated, "package.json"), "utf8")).name).to.equal(
      "acme-amplitude",
    );
    expect(await compileErrors(generated)).to.deep.equal([]);
    const plain = await made("from-template/out/index.js", {});
    expect(plain.types).to.deep.equal(DESTINATION);
    expect(Object.keys(plain.outputs)).to.include.members(FORM);
    const watched = await made("from-template/out/index.js", { "project:alarmTopicArn": TOPIC });
    expect(watched.types.filter((type: string) => type === ALARM)).to.have.lengthOf(2);
    await rm(generated, { recursive: true });
  });

  /** By `pulumi new` where there is one; else as it is known to do it. */
  async function generate(target: string): Promise<void> {
    await mkdir(join(folder, "state"), { recursive: true });
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      PULUMI_HOME: join(folder, "pulumi"),
      PULUMI_BACKEND_URL: pathToFileURL(join(folder, "state")).href,
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const named = ["--name", "acme-amplitude", "--description", "Events of acme"];
    const words = ["new", TEMPLATE, "--generate-only", "--yes", ...named, "--dir", target];
    const { code, stderr = "" } = await promisify(execFile)("pulumi", words, { env }).then(
      () => ({ code: 0, stderr: "" }),
      (error: { code: unknown; stderr?: string }) => error,
    );
    // With the project made, it looks for Pulumi's language host for Node, which the tests' own CLI is without.
    if (code === 0 || stderr.includes("no language plugin 'pulumi-language-nodejs'")) return;
    expect(code, stderr).to.equal("ENOENT");
    noteSkipped("pulumi new", "no pulumi is on PATH; the test fills the template in");
    await cp(TEMPLATE, target, { recursive: true });
    for (const file of ["Pulumi.yaml", "package.json"]) {
      const text = (await readFile(join(target, file), "utf8"))
        .replaceAll(/\$\{PROJECT\}/g, "acme-amplitude")
        .replaceAll(/\$\{DESCRIPTION\}/g, "Events of acme")
        .replace(/^template:\n(?: .*\n)*/m, "");
      await writeFile(join(target, file), text);
    }
  }
});
