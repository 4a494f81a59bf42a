import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { credentials } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";
import { ComponentProvider, getPulumiComponents } from "@pulumi/pulumi/provider/experimental";
import type { PackageSpec } from "@pulumi/pulumi/provider/experimental/schema";
import { expect } from "chai";
import * as components from "../../components/index";
import manifest from "../../components/package.json";
import { INPUT_NAMES } from "../../components/rules";
import root from "../../package.json";
import { PROJECT } from "../cache";
import { sandboxEnvironment } from "../sandbox/pulumi/provisioning/checkout";
import { startLanguageHost } from "../sandbox/pulumi/provisioning/languageHost";
import { engineOf, sandboxRun } from "../sandbox/pulumi/provisioning/sandboxRun";
import { link, removed, temporaryFolder } from "./installed";

const PLUGIN = join(PROJECT, "components");
const RUNNER = join(PROJECT, "node_modules", "@pulumi", "pulumi", "cmd", "run-plugin");
/** Schema from which Pulumi generates the SDKs. UPDATE_SCHEMA=1 rewrites it; run `npm run format` afterwards. */
const SNAPSHOT = join(__dirname, "schema.json");
const TOKEN = "amplitude-kinesis:index:AmplitudeKinesisDestination";
const OUTPUTS = ["policyArn", "region", "roleArn", "roleName", "streamArn", "streamName"];

describe("the plugin for every Pulumi language", () => {
  let schema: PackageSpec;
  let snapshot: PackageSpec;

  before(async () => {
    const provider = new ComponentProvider({
      components: getPulumiComponents(components),
      dirname: PLUGIN,
      name: manifest.name,
    });
    schema = JSON.parse(await provider.getSchema());
    if (process.env.UPDATE_SCHEMA === "1") await writeFile(SNAPSHOT, `${JSON.stringify(schema, null, 2)}\n`);
    snapshot = JSON.parse(await readFile(SNAPSHOT, "utf8"));
  });

  it("has the schema of the snapshot", () => {
    const remedy = "if the change is intended, run this with UPDATE_SCHEMA=1, then `npm run format`";
    expect(schema, remedy).to.deep.equal(snapshot);
  });

  it("has only the component, with its inputs and outputs", () => {
    expect(Object.keys(schema.resources)).to.deep.equal([TOKEN]);
    expect(Object.keys(schema.types)).to.deep.equal([
      "amplitude-kinesis:index:StreamMode",
      "amplitude-kinesis:index:DeliveryAlarms",
      "amplitude-kinesis:index:StreamGuard",
      "amplitude-kinesis:index:AdoptedResources",
    ]);
    const inputs = new Set(INPUT_NAMES);
    const { inputProperties = {}, properties = {}, requiredInputs, required } = schema.resources[TOKEN] ?? {};
    expect(Object.keys(inputProperties)).to.have.members([...inputs]);
    expect(requiredInputs).to.deep.equal([]);
    expect(Object.keys(properties)).to.have.members([...OUTPUTS, "guardPipeArn", "guardProjectIds"]);
    expect(required).to.deep.equal(OUTPUTS);
  });

  it("describes itself, its component and each input, output and value", () => {
    const { description, inputProperties, properties } = schema.resources[TOKEN] ?? {};
    const values = Object.values(schema.types).flatMap((type) => type.enum ?? []);
    const described = {
      ...inputProperties,
      ...properties,
      ...Object.fromEntries(values.map((v) => [v.name, v])),
    };
    const silent = Object.entries(described).filter(
      ([, { description: words = "" }]) => !/\w+ \w+/.test(words),
    );
    expect(silent.map(([name]) => name)).to.deep.equal([]);
    expect([schema.description, description].join()).to.include("Kinesis").and.to.include("Amplitude");
    expect(JSON.stringify(schema)).not.to.match(/\[object Object\]|\{@|undefined/);
  });

  it("has the root package's version, license and tested dependencies", () => {
    expect([manifest.version, manifest.license]).to.deep.equal([root.version, root.license]);
    expect(root.devDependencies).to.include(manifest.dependencies);
    // Without the last two, Pulumi uses TypeScript 3.8, which can't compile these sources.
    expect(manifest.dependencies).to.have.all.keys("@pulumi/aws", "@pulumi/pulumi", "ts-node", "typescript");
  });

  it("is tested by .ci/run with the engine and the generators of the same version as Pulumi's SDK", async () => {
    const modules = await readFile(join(PROJECT, ".ci", "pulumi", "go.mod"), "utf8");
    const built = [...modules.matchAll(/github\.com\/pulumi\/pulumi\/(pkg|sdk)\/v3 v(\S+)/g)];
    const version = root.devDependencies["@pulumi/pulumi"];
    expect(built.map(([, name, each]) => [name, each])).to.deep.equal([
      ["pkg", version],
      ["sdk", version],
    ]);
    const script = await readFile(join(PROJECT, ".ci", "run"), "utf8");
    for (const [, said] of script.matchAll(/^\s*PULUMI_VERSION=v?(\d\S*)$/gm)) expect(said).to.equal(version);
  });
});

/** Files that a user's folder may hold, with which the runner compiles TypeScript. */
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedIndexedAccess: true,
  noUncheckedSideEffectImports: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  isolatedModules: true,
  erasableSyntaxOnly: true,
};
const USER_SETTINGS: [name: string, compilerOptions: object | undefined][] = [
  ["no tsconfig.json", undefined],
  ["a minimal strict tsconfig.json", { strict: true }],
  ["every strict flag", STRICT],
  [
    "the settings of an ES module that is never compiled with errors",
    {
      ...STRICT,
      module: "esnext",
      moduleResolution: "bundler",
      verbatimModuleSyntax: true,
      noEmitOnError: true,
      lib: ["es5"],
    },
  ],
];

describe("Pulumi's plugin runner", () => {
  let folder: string;
  let plugin: string;
  const runners = new Map<string, { child: ChildProcess; port: Promise<string> }>();

  before(async () => {
    folder = await temporaryFolder();
    plugin = join(folder, "components");
    await copyPlugin(plugin);
    for (const [name, compilerOptions] of USER_SETTINGS)
      runners.set(name, await startIn(name, compilerOptions));
  });
  after(async () => {
    for (const { child } of runners.values()) child.kill("SIGKILL");
    await removed(folder);
  });

  /** Starts the plugin as Pulumi does: in the user's folder, with the plugin's folder as the argument. */
  async function startIn(name: string, compilerOptions: object | undefined) {
    const cwd = join(folder, name);
    await mkdir(cwd);
    if (compilerOptions !== undefined) {
      await writeFile(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    }
    const child = spawn(process.execPath, [RUNNER, plugin], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const port = portOf(child);
    port.catch(() => undefined); // Each test awaits its own.
    return { child, port };
  }

  for (const [name] of USER_SETTINGS) {
    it(`starts the plugin in a folder with ${name}`, async () => {
      expect(await runners.get(name)?.port).to.match(/^\d+$/);
    });
  }

  it("serves only the plugin's folder, under the name and version of its package.json", async () => {
    expect(await readFile(join(plugin, "PulumiPlugin.yaml"), "utf8")).to.match(/^runtime: nodejs$/m);
    const served = await schemaFrom(String(await runners.get("no tsconfig.json")?.port));
    expect(JSON.parse(served)).to.deep.equal(JSON.parse(await readFile(SNAPSHOT, "utf8")));
  });
});

describe("the plugin in the stack of another language", function () {
  this.timeout(120_000);
  const sandbox = sandboxRun();
  const cli = engineOf(sandbox);

  it("is started by the engine in the user's folder, and creates the component's resources", async () => {
    const host = await startLanguageHost();
    try {
      const plugin = join(sandbox.folder, "components");
      await copyPlugin(plugin);
      const project = join(sandbox.folder, "stack");
      await mkdir(project);
      await link(join(project, "node_modules"), ["@pulumi/pulumi"]);
      const providers = [{ name: manifest.name, path: plugin }];
      const runtime = { name: "nodejs", options: { typescript: false } };
      const settings = { name: "stack", main: "index.js", runtime, plugins: { providers } };
      await writeFile(join(project, "Pulumi.yaml"), JSON.stringify(settings));
      await writeFile(join(project, "index.js"), REMOTE);
      // The plugin must not be compiled with these.
      const compilerOptions = { ...STRICT, verbatimModuleSyntax: true, noEmitOnError: true };
      await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }));
      const env = await sandboxEnvironment(sandbox.folder, sandbox.local, host);
      const pulumi = (...words: string[]) =>
        promisify(execFile)(cli().command.command, ["--non-interactive", ...words], { cwd: project, env });
      await pulumi("stack", "init", "acme");
      const { stdout } = await pulumi("up", "--yes", "--skip-preview");
      expect(stdout)
        .to.match(/\+ 6 created/)
        .and.to.include("arn:aws:iam::111122223333:role/acme-role-");
    } finally {
      host.stop();
    }
  });
});

/** A program that registers the component like the SDK of another language: by its type, from the plugin. */
const REMOTE = `const pulumi = require("@pulumi/pulumi");
const inputs = { retentionHours: 48, roleArn: undefined };
exports.roleArn = new pulumi.ComponentResource("${TOKEN}", "acme", inputs, {}, true).roleArn;
`;

async function copyPlugin(folder: string): Promise<void> {
  await cp(PLUGIN, folder, { recursive: true, filter: (path) => path !== join(PLUGIN, "node_modules") });
  await link(join(folder, "node_modules"), Object.keys(manifest.dependencies));
}

/** Returns the runner's first line of output, or its errors if it ends without one. */
async function portOf(runner: ChildProcess): Promise<string> {
  const complaints: string[] = [];
  runner.stderr?.on("data", (chunk) => complaints.push(String(chunk)));
  if (runner.stdout === null) throw new Error("the runner's output is not piped");
  for await (const line of createInterface({ input: runner.stdout })) return line;
  throw new Error(`the runner ended: ${complaints.join("")}`);
}

function schemaFrom(port: string): Promise<string> {
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise<string>((resolve, reject) => {
    client.getSchema(new GetSchemaRequest(), (error, response) => {
      if (error === null) resolve(response.getSchema());
      else reject(error);
    });
  }).finally(() => client.close());
}
