import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { PulumiFailure } from "../../../delivery/fleet/causes";
import { createStack } from "../../../delivery/fleet/pulumi";
import { until } from "../../until";

describe("A command of Pulumi for a fleet", () => {
  const { PATH } = process.env;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-pulumi-"));
    process.env.PATH = [folder, PATH].join(delimiter);
  });
  afterEach(async () => {
    process.env.PATH = PATH;
    await rm(folder, { recursive: true });
  });

  /** Runs a command `pulumi` that is this shell script. */
  async function run(script: string, signal = new AbortController().signal): Promise<unknown> {
    await writeFile(join(folder, "pulumi"), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, "pulumi"), 0o755);
    const options = { folder, stack: "acme", version: "v3.259.0", log: join(folder, "acme.log"), signal };
    return createStack(options).catch((error: unknown) => error);
  }
  const log = () => readFile(join(folder, "acme.log"), "utf8");

  it("writes to the log itself", async () => {
    await run('echo "$@"; echo oops >&2');
    expect(await log()).to.equal("stack init acme --no-select --non-interactive\noops\n");
  });

  it("fails with its error, which is not one of an earlier command", async () => {
    await run("echo error: first >&2; exit 1");
    const failure = await run("echo error: second >&2; exit 1");
    expect(failure).to.be.instanceOf(PulumiFailure).with.property("message", "second");
  });

  it("fails with the signal that has ended it, and names the command that removes a lock", async () => {
    const failure = await run("echo creating; kill -9 $$");
    expect(failure).to.be.instanceOf(PulumiFailure).with.property("message", "pulumi was ended by SIGKILL");
    expect((failure as PulumiFailure).remedy).to.include("`pulumi cancel --stack acme`");
  });

  it("gets one SIGINT if it is cancelled, and is awaited", async () => {
    const controller = new AbortController();
    const script = 'trap "echo cancelled; exit 1" INT; echo ready; while :; do sleep 0.02; done';
    const failure = run(script, controller.signal);
    await until(async () => (await log().catch(() => "")).includes("ready"));
    controller.abort(new Error("because of Ctrl-C"));
    expect(await failure).to.equal(controller.signal.reason);
    expect(await log()).to.equal("ready\ncancelled\n");
  });
});
