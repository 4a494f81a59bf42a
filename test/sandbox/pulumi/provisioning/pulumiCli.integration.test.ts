import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { findPulumiCli } from "../../../../sandbox/pulumi/provisioning/pulumiCli";
import { TYPESCRIPT } from "../../../processes";
import { until } from "../../../until";
import { processesNaming } from "./processes";

describe("the pulumi command", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "pulumi test "));
    await mkdir(join(folder, "bin"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Installs a command that prints its version, and otherwise only waits. */
  const install = (version: string) => {
    const script = `#!/bin/sh\nfor word; do [ "$word" = version ] && echo ${version} && exit; done\nexec sleep 600\n`;
    return writeFile(join(folder, "bin", "pulumi"), script, { mode: 0o755 });
  };

  const find = (signal?: AbortSignal) => {
    const path = process.env.PATH;
    process.env.PATH = `${folder}/bin:${path}`;
    return findPulumiCli(folder, signal).finally(() => {
      process.env.PATH = path;
    });
  };

  const versions: [string, string | undefined][] = [
    ["v3.199.9", undefined],
    ["v3.200.0", "3.200.0"],
    ["v4.0.0", "4.0.0"],
    ["nonsense", undefined],
  ];
  for (const [version, expected] of versions) {
    it(`${version} is ${expected === undefined ? "passed over" : "taken"}`, async () => {
      await install(version);
      expect((await find())?.version).to.equal(expected);
    });
  }

  it("writes only to its folder, even to print its version", async () => {
    const script = '#!/bin/sh\nprintf "%s\\n" "$PULUMI_HOME" "$TMPDIR" >"$0.told"\necho v3.259.0\n';
    await writeFile(join(folder, "bin", "pulumi"), script, { mode: 0o755 });
    const { PULUMI_HOME, TMPDIR } = process.env;
    await find();
    const told = await readFile(join(folder, "bin", "pulumi.told"), "utf8");
    expect(told).to.equal(`${folder}/pulumi/home\n${folder}/pulumi/tmp\n`);
    expect(process.env.PULUMI_HOME).to.equal(PULUMI_HOME);
    expect(process.env.TMPDIR).to.equal(TMPDIR);
  });

  it("is killed if its caller cancels, which returns once all processes of the command have ended", async () => {
    const script = `#!/bin/sh
for word; do [ "$word" = version ] && echo v3.259.0 && exit; done
setsid sh -c 'while kill -0 '$$'; do sleep 0.05; done; sleep 0.3' >/dev/null 2>&1 &
exec sleep 600
`;
    await writeFile(join(folder, "bin", "pulumi"), script, { mode: 0o755 });
    const interrupt = new AbortController();
    const cli = await find(interrupt.signal);
    const work = cli?.command
      .run(["up"], folder, { FOLDER: folder, PATH: `${folder}/bin:${process.env.PATH}` })
      .then(
        () => "nothing: it succeeded",
        (error: Error) => error.message,
      );
    await until(async () => (await processesNaming(folder)).some((command) => command.includes("kill -0")));
    interrupt.abort();
    expect(await work).to.include("pulumi up ended with");
    expect(await processesNaming(folder)).to.deep.equal([]);
  });

  it("ends with the process that runs it, even if that process is killed", async () => {
    await install("v3.259.0");
    const principal = { accessKeyId: "AKIA", secretAccessKey: "x" };
    const aws = { endpoint: "http://127.0.0.1:1", region: "us-east-1", principals: { operator: principal } };
    const task = JSON.stringify({ folder, aws, stackName: "s", engine: "pulumi" });
    const code = `require(${JSON.stringify(require.resolve("../../../../sandbox/pulumi/provisioning/engine"))}).provision(${task})`;
    const env = { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` };
    const child = spawn(process.execPath, ["-r", TYPESCRIPT, "-e", code], {
      env,
      stdio: "ignore",
    });
    const exited = once(child, "exit");
    await until(
      async () => (await processesNaming(folder)).some((command) => command.startsWith("sleep")),
      child,
    );
    child.kill("SIGKILL");
    await exited;
    await until(async () => (await processesNaming(folder)).length === 0);
  });
});
