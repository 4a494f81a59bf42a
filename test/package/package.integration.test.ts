import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { publint } from "publint";
import { dependencies, peerDependencies, version } from "../../package.json";
import { PROJECT } from "../cache";
import { addPrograms, consumer, packed, printed, removed, temporaryFolder, typeErrors } from "./installed";

const COMPILER_OPTIONS = {
  module: "nodenext",
  target: "es2022",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
};

const DEPLOYMENT = [
  ...["--role-arn", "arn:aws:iam::111122223333:role/r"],
  ...["--region", "us-east-1", "--stream-name", "s"],
];

describe("the published package", function () {
  this.timeout(120_000);
  let folder: string;
  let tarball: string;
  let packageFolder: string;
  let files: string[];
  /** A project with Pulumi, and one with only the package's own dependencies. */
  let withPulumi: string;
  let withoutPulumi: string;

  before(async () => {
    folder = await temporaryFolder();
    ({ tarball, packageFolder } = await packed());
    files = await filesOf(packageFolder);
    const own = Object.keys(dependencies);
    const pulumi = Object.keys(peerDependencies);
    withPulumi = await consumer(join(folder, "with-pulumi"), packageFolder, [
      ...own,
      ...pulumi,
      "@types/node",
    ]);
    withoutPulumi = await consumer(join(folder, "without-pulumi"), packageFolder, [...own, "@types/node"]);
  });
  after(() => removed(folder));

  it("is imported by name, both entries, from CommonJS and from an ES module", async () => {
    await addPrograms(withPulumi, ["entries.cjs", "entries.mjs"]);
    const names = ["AmplitudeKinesisDestination", "SettingsError", "generateEvents", "verifyDelivery"];
    for (const program of ["entries.cjs", "entries.mjs"]) {
      const found = JSON.parse(await printed(withPulumi, program));
      expect(found, program).to.deep.equal(["358203115967", "ON_DEMAND", ...names]);
    }
  });

  it("creates its resources in the stack that imports it", async () => {
    await addPrograms(withPulumi, ["run.mjs"]);
    expect(JSON.parse(await printed(withPulumi, "run.mjs"))).to.deep.equal({
      types: [
        "amplitude-kinesis:index:AmplitudeKinesisDestination",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kinesis/stream:Stream",
      ],
      outputs: { roleArn: "arn:of:acme-role", region: "eu-central-1", streamName: "acme-stream" },
    });
  });

  for (const version of [6, 7] as const) {
    it(`type-checks strictly in stacks of both module kinds, and finds their mistakes, with TypeScript ${version}`, async () => {
      const programs = ["stack.cts", "stack.mts", "reader.mts", "mistaken.mts"];
      await addTypeScript(withPulumi, programs, { skipLibCheck: true });
      const found = (await typeErrors(withPulumi, [], version)).map((line) =>
        line.replace(/^(\S+)\((\d+),.*(TS\d+).*$/, "$1:$2 $3"),
      );
      expect(found).to.deep.equal([
        "mistaken.mts:4 TS2322",
        "mistaken.mts:5 TS2820",
        "mistaken.mts:6 TS2353",
        "mistaken.mts:7 TS2339",
        `mistaken.mts:8 ${version === 6 ? "TS2345" : "TS2741"}`,
      ]);
    });
  }

  it("type-checks as a delivery library without Pulumi, including its declarations", async () => {
    await addTypeScript(withoutPulumi, ["verify.cts", "verify.mts"], { skipLibCheck: false });
    expect(await typeErrors(withoutPulumi)).to.deep.equal([]);
  });

  it("runs as a command without Pulumi", async () => {
    const command = join("node_modules", "pulumi-amplitude-kinesis", "bin", "amplitude-kinesis.js");
    expect(await printed(withoutPulumi, command, "--version")).to.equal(version);
  });

  it("ends gracefully if npx, which started it, is terminated or killed", async () => {
    const bin = join(withoutPulumi, "node_modules", ".bin");
    await mkdir(bin, { recursive: true });
    await symlink("../pulumi-amplitude-kinesis/bin/amplitude-kinesis.js", join(bin, "amplitude-kinesis"));
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      const asked = once(server, "request");
      const npx = spawn("npx", ["--offline", "amplitude-kinesis", "check", ...DEPLOYMENT], {
        cwd: withoutPulumi,
        env: {
          PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
          HOME: folder,
          AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
          AWS_SECRET_ACCESS_KEY: "secret",
        },
      });
      const printed = text(npx.stderr);
      await asked;
      npx.kill(signal);
      // The pipe ends once no process holds it.
      expect(await printed, signal).to.include("interrupted before there was a result");
      server.close().closeAllConnections();
    }
  });

  it("loads neither Pulumi nor the sandbox's evaluator for delivery, even if they are installed", async () => {
    const loaded = await loadedBy("pulumi-amplitude-kinesis/delivery");
    expect(loaded).to.include("pulumi-amplitude-kinesis/dist/delivery/index.js");
    expect(
      loaded.filter((path) => /^@pulumi\/|^@cloud-copilot\/|\/dist\/components\/(?!contract)/.test(path)),
    ).to.be.empty;
  });

  it("loads only the Kinesis, IAM and account modules of @pulumi/aws for the component, not CloudWatch or others", async () => {
    const loaded = await loadedBy("pulumi-amplitude-kinesis");
    const ofAws = loaded.filter((path) => path.startsWith("@pulumi/aws/")).map((path) => path.split("/")[2]);
    // The Kinesis module requires lambda for its event subscriptions.
    const needed = [
      "getCallerIdentity.js",
      "getRegion.js",
      "iam",
      "kinesis",
      "lambda",
      "package.json",
      "types",
      "utilities.js",
      "utils.js",
    ];
    expect([...new Set(ofAws)].sort()).to.deep.equal(needed);
    expect(loaded.filter((path) => /^(@aws-sdk|@cloud-copilot)\/|\/dist\/delivery\//.test(path))).to.be.empty;
  });

  it("passes publint", async () => {
    const { messages } = await publint({ pkgDir: packageFolder, level: "suggestion", strict: true });
    expect(messages).to.deep.equal([]);
  });

  it("passes arethetypeswrong for every kind of import", async () => {
    const found = JSON.parse(await printed(PROJECT, join(__dirname, "typeProblems.mjs"), tarball));
    expect(found.types).to.equal(true);
    expect(found.entrypoints).to.include.members([".", "./delivery"]);
    // Module resolution before 2022 ignores `exports`: it finds the component, but not ./delivery.
    const isNew = ({ resolutionKind }: { resolutionKind?: string }) => resolutionKind !== "node10";
    const known = found.problems.filter(isNew);
    expect(known).to.deep.equal([]);
  });

  it("contains only the build, the command and documents", () => {
    const unexpected = files.filter(
      (file) => !/^(dist\/(components|delivery)\/.+\.(js|d\.ts)|bin\/\w[\w-]+\.js|docs\/.+)$/.test(file),
    );
    expect(unexpected.sort()).to.deep.equal([
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "package.json",
    ]);
    expect(files.filter((file) => /^(test|sandbox)\/|\.test\.|(?<!\.d)\.[cm]?ts$/.test(file))).to.be.empty;
  });

  it("contains the documents that its README links to", async () => {
    const readme = await readFile(join(packageFolder, "README.md"), "utf8");
    const linked = [...readme.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target);
    const documents = linked.filter((target) => /^docs\/|\.md$|^LICENSE$/.test(target));
    expect(documents).not.to.be.empty;
    expect(files).to.include.members(documents);
  });

  async function loadedBy(entry: string): Promise<string[]> {
    await addPrograms(withPulumi, ["loaded.cjs"]);
    return JSON.parse(await printed(withPulumi, "loaded.cjs", entry));
  }
});

async function addTypeScript(folder: string, programs: string[], options: { skipLibCheck: boolean }) {
  await addPrograms(
    folder,
    programs.map((program) => `${program}.txt`),
  );
  const settings = { compilerOptions: { ...COMPILER_OPTIONS, ...options }, files: programs };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(settings));
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    );
}
