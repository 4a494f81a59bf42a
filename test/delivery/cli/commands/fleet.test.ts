import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runInProcess } from "../inProcess";

describe("amplitude-kinesis fleet", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: destinations\nruntime: nodejs\n");
    await writeFile(join(folder, "Pulumi.acme.yaml"), "config: {}\n");
  });
  after(() => rm(folder, { recursive: true }));

  const refused = async (...args: string[]) => {
    const { status, stdout, stderr } = await runInProcess(["fleet", ...args, "--cwd", folder]);
    expect([status, stdout], stderr).to.deep.equal([2, ""]);
    return stderr;
  };

  it("rejects an option that the command would ignore", async () => {
    expect(await refused("status", "--canary", "2")).to.include(
      "option '--canary' can't be combined with status, only with preview, up, check, verify, drift",
    );
    expect(await refused("preview", "--no-verify")).to.include(
      "'--no-verify' can't be combined with preview",
    );
    expect(await refused("report")).to.include("'--cwd' can't be combined with report");
    expect(await refused("check", "acme")).to.include("fleet check takes no folder, but acme follows it");
  });

  it("rejects numbers that are none, and commands that it lacks", async () => {
    expect(await refused("up", "--parallel", "0")).to.include("integer from 1 to 256");
    expect(await refused("down")).to.include("Allowed choices are status, preview, up, check, verify, drift");
  });

  it("names what is missing: the project, a stack, or Pulumi", async () => {
    const nowhere = await runInProcess(["fleet", "status", "--cwd", join(folder, "nowhere")]);
    expect([nowhere.status, nowhere.stderr])
      .to.deep.include(2)
      .and.to.match(/There is no Pulumi.yaml in /);
    expect(await refused("preview", "--only", "b*")).to.include("--only b* matches none of 1 stack in");
    const env = { PATH: folder };
    const { status, stderr } = await runInProcess(["fleet", "status", "--cwd", folder], env);
    expect([status, stderr])
      .to.deep.include(2)
      .and.to.match(/requires the `pulumi` command on the PATH/);
  });
});
