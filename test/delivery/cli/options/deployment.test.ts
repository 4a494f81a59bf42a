import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readOutputsFile } from "../../../../delivery/cli/options/deployment";
import { readStack } from "../../../../delivery/cli/options/stack";

const OUTPUTS =
  '{"roleArn":"arn:aws:iam::111122223333:role/writer","region":"eu-central-1","streamName":"events"}';

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.include({ name: "SettingsError", code: "settings" });
  return error instanceof Error ? error.message : "";
}

describe("Reading the stack's outputs", () => {
  const path = process.env.PATH;
  let folder = "";

  /** Puts a fake `pulumi` command on the PATH. */
  async function pulumi(script: string): Promise<void> {
    await writeFile(join(folder, "pulumi"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    process.env.PATH = folder;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "stack-outputs-"));
  });

  afterEach(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true });
  });

  it("calls `pulumi` for those of the stack", async () => {
    await pulumi(`echo "{\\"given\\":\\"$*\\"}"`);
    expect(await readStack("acme/prod", undefined)).to.deep.equal({
      description: 'stack "acme/prod"',
      values: { given: "stack output --json --stack acme/prod --non-interactive" },
    });
  });

  it("calls it for another project's folder", async () => {
    await pulumi(`echo "{\\"given\\":\\"$*\\"}"`);
    const { values } = await readStack("prod", "../other");
    expect(values).to.have.property("given").that.includes("--stack prod --cwd ../other");
  });

  it("passes the stack's name as one argument, whatever it contains", async () => {
    await pulumi(`echo "{\\"given\\":$#}"`);
    expect((await readStack("a b; exit 1", undefined)).values).to.deep.equal({ given: 6 });
  });

  it("says what to do if the command is missing", async () => {
    process.env.PATH = folder;
    expect(await messageOf(readStack("prod", undefined))).to.include("--outputs FILE");
  });

  it("shows the command's message if it failed", async () => {
    await pulumi('echo "error: no stack named prod found" >&2; exit 255');
    const message = await messageOf(readStack("prod", undefined));
    expect(message)
      .to.include('stack "prod": error: no stack named prod found')
      .and.include("pulumi stack ls");
  });

  it("reads outputs of several MiB, whatever else the stack exports", async () => {
    await pulumi(
      `${process.execPath} -e 'console.log(JSON.stringify({ page: "x".repeat(3e6), region: "eu-central-1" }))'`,
    );
    expect((await readStack("prod", undefined)).values).to.include({ region: "eu-central-1" });
  });

  it("says why the command failed if it printed no reason", async () => {
    await pulumi("kill -9 $$");
    expect(await messageOf(readStack("prod", undefined))).to.match(/stack "prod": .*SIGKILL/);
  });

  it("rejects other output of the command", async () => {
    await pulumi("echo nothing");
    expect(await messageOf(readStack("prod", undefined))).to.match(/^stack "prod" is not JSON/);
  });

  it("reads a file", async () => {
    const file = join(folder, "outputs.json");
    await writeFile(file, OUTPUTS);
    expect(await readOutputsFile(file)).to.deep.equal({ description: file, values: JSON.parse(OUTPUTS) });
  });

  it("says why a file can't be read", async () => {
    const file = join(folder, "missing.json");
    const message = await messageOf(readOutputsFile(file));
    expect(message).to.include(`${file} can't be read: ENOENT`);
  });

  it("rejects other content of a file", async () => {
    const file = join(folder, "outputs.json");
    await writeFile(file, "[]");
    expect(await messageOf(readOutputsFile(file))).to.include(`${file} is not a JSON object`);
  });
});
