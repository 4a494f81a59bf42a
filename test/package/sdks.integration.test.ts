import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { parse } from "yaml";
import { PROJECT } from "../cache";
import { skip } from "../skip";
import { link, removed, temporaryFolder, typeErrors } from "./installed";
import schema from "./schema.json";

const run = promisify(execFile);
const EXAMPLES = join(PROJECT, "examples");
const TOKEN = "amplitude-kinesis:index:AmplitudeKinesisDestination";

/** Returns a command's standard output, or undefined if the command can't be run. */
const answer = (command: string, args: string[], options: { cwd?: string } = {}) =>
  run(command, args, options).then(
    ({ stdout }) => stdout,
    () => undefined,
  );

/** SDKs that Pulumi's own generators create from the snapshot's schema, as `pulumi package add` does. */
describe("the SDKs for other languages", function () {
  this.timeout(300_000);
  let folder: string;

  before(async function () {
    folder = await temporaryFolder();
    const schemaFile = join(PROJECT, "test", "package", "schema.json");
    const generated = await run("amplitude-kinesis-sdks", [schemaFile, folder]).catch((error) => {
      if (error.code !== "ENOENT") throw error;
    });
    if (generated !== undefined) return;
    skip(this, "no amplitude-kinesis-sdks is on PATH; .ci/run builds it with Go");
  });
  after(() => removed(folder));

  it("type-check in TypeScript, accept Outputs inside the alarms, and reject an Output instead of the alarms", async () => {
    const project = join(folder, "typescript");
    await mkdir(project);
    await cp(join(folder, "nodejs"), join(project, "sdk"), { recursive: true });
    await link(join(project, "node_modules"), ["@pulumi/pulumi", "@types/node"]);
    const imports = `import * as pulumi from "@pulumi/pulumi";
import { AmplitudeKinesisDestination, types } from "./sdk";
const topic: pulumi.Output<string> = pulumi.output("arn:aws:sns:us-east-1:111122223333:on-call");
`;
    const good = `${imports}const { roleArn } = new AmplitudeKinesisDestination("acme", {
  retentionHours: 48,
  streamMode: types.enums.StreamMode.OnDemand,
  alarms: { actionArns: [topic], silenceMinutes: 30 },
});
export const arn: pulumi.Output<string> = roleArn;
`;
    const bad = `${imports}new AmplitudeKinesisDestination("acme", { retention: 48 });
new AmplitudeKinesisDestination("acme", { alarms: pulumi.output({}) });
`;
    await writeFile(join(project, "good.ts"), good);
    await writeFile(join(project, "bad.ts"), bad);
    const compilerOptions = {
      module: "nodenext",
      target: "es2022",
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    };
    const files = ["good.ts", "bad.ts"];
    await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const errors = (await typeErrors(project)).map((line) =>
      line.replace(/^(\S+)\((\d+),.*(TS\d+).*$/, "$1:$2 $3"),
    );
    expect(errors).to.deep.equal(["bad.ts:4 TS2353", "bad.ts:5 TS2322"]);
  });

  it("compile in Go with the example's program", async function () {
    if ((await answer("go", ["version"])) === undefined) skip(this, "no go is on PATH");
    const project = join(folder, "consumer-go");
    await cp(join(folder, "go", "amplitudekinesis"), join(project, "sdk"), { recursive: true });
    const modules = join(PROJECT, ".ci", "pulumi");
    const base = "example.com/pulumi-amplitude-kinesis/sdk/go/amplitude-kinesis";
    // The SDK as a separate module, like that of `pulumi package add`, with the versions that the CLI is built from.
    const requirements = (await readFile(join(modules, "go.mod"), "utf8")).replace(/^tool .*$/m, "");
    await writeFile(join(project, "sdk", "go.mod"), requirements.replace(/^module .*$/m, `module ${base}`));
    const replaced = `require ${base} v0.0.0\nreplace ${base} => ./sdk\n`;
    await writeFile(
      join(project, "go.mod"),
      `${requirements.replace(/^module .*$/m, "module consumer")}\n${replaced}`,
    );
    for (const place of [project, join(project, "sdk")]) {
      await cp(join(modules, "go.sum"), join(place, "go.sum"));
    }
    await cp(join(EXAMPLES, "go", "main.go"), join(project, "main.go"));
    const vetted = await run("go", ["vet", "-mod=mod", "./..."], { cwd: project }).catch(
      ({ stderr }: { stderr: string }) => ({ stderr }),
    );
    expect(vetted.stderr).to.equal("");
  });

  it("register the component in Python with the example's program and its input names", async function () {
    if ((await answer("python3", ["-c", "import pulumi, parver, semver"])) === undefined) {
      skip(this, "python3 lacks pulumi, parver or semver; .ci/run installs them");
    }
    const project = join(folder, "python");
    await cp(join(EXAMPLES, "python", "__main__.py"), join(project, "program.py"));
    // The metadata that pip would write, and that the SDK reads.
    const installed = join(project, `pulumi_amplitude_kinesis-${schema.version}.dist-info`);
    await mkdir(installed);
    const metadata = `Metadata-Version: 2.1\nName: pulumi_amplitude_kinesis\nVersion: ${schema.version}\n`;
    await writeFile(join(installed, "METADATA"), metadata);
    await cp(join(__dirname, "consumers", "mocked.py"), join(project, "mocked.py"));
    const { stdout } = await run("python3", ["mocked.py", "program"], { cwd: project });
    expect(JSON.parse(stdout)).to.deep.equal([
      { type: TOKEN, name: "acme", inputs: { retentionHours: 48, alarms: { silenceMinutes: 30 } } },
    ]);
  });

  it("match the example in YAML", async () => {
    const { resources, outputs } = parse(await readFile(join(EXAMPLES, "yaml", "Pulumi.yaml"), "utf8"));
    const { type, properties } = resources.acme;
    expect(TOKEN).to.equal(type.replace(":", ":index:"));
    const { inputProperties, properties: made } = schema.resources[TOKEN];
    expect(Object.keys(inputProperties)).to.include.members(Object.keys(properties));
    const read = Object.values<string>(outputs).map((value) => /^\$\{acme\.(\w+)\}$/.exec(value)?.[1]);
    expect(Object.keys(made)).to.include.members(read);
  });
});
