import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { SettingsError } from "../../../delivery/common/errors";
import { notStarted, startRun, writeResult } from "../../../delivery/fleet/results";
import { stackStatus } from "../../../delivery/fleet/stacks";

const OUTPUTS = { roleArn: "arn:aws:iam::111122223333:role/r", region: "us-east-1", streamName: "s" };

describe("The status of a stack", () => {
  const { PATH } = process.env;
  let folder: string;
  let reads: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-status-"));
    process.env.PATH = [folder, PATH].join(delimiter);
    reads = 0;
    await startRun(folder, "up", []);
  });
  afterEach(async () => {
    process.env.PATH = PATH;
    await rm(folder, { recursive: true });
  });

  /** Makes a command `pulumi` that notes its words and prints this. */
  async function pulumi(output: string, status = 0) {
    const lines = [
      "#!/bin/sh",
      `echo "$@" > '${folder}/words'`,
      `cat <<'END' >&${status === 0 ? 1 : 2}`,
      output,
      "END",
    ];
    await writeFile(join(folder, "pulumi"), `${[...lines, `exit ${status}`].join("\n")}\n`);
    await chmod(join(folder, "pulumi"), 0o755);
  }
  const status = (outputs: Promise<typeof OUTPUTS> = Promise.resolve(OUTPUTS)) =>
    stackStatus("acme", {
      ...{ folder, reference: "org/acme", results: folder },
      readOutputs: () => {
        reads++;
        return outputs;
      },
    });
  const update = {
    kind: "update",
    result: "succeeded",
    startTime: "2026-11-28T10:00:00.000Z",
    endTime: "2026-11-28T10:01:00.000Z",
  };
  const NOTHING = { accountId: null, region: null, outputs: null, verdict: null, verifiedAt: null };
  const NEVER = { stack: "acme", ...NOTHING, lastUpdate: null, kind: null, result: null, problem: null };

  it("is empty for a stack that was never updated, or does not exist", async () => {
    await pulumi("[]");
    expect(await status()).to.deep.equal(NEVER);
    await pulumi("error: no stack named 'acme' found", 255);
    expect(await status()).to.deep.equal(NEVER);
    expect(reads).to.equal(0);
    expect(await readFile(join(folder, "words"), "utf8")).to.include("--stack org/acme --non-interactive");
  });

  it("has the last update, and the outputs unless the stack has none", async () => {
    await pulumi(JSON.stringify([update]));
    const last = { lastUpdate: update.endTime, kind: "update", result: "succeeded" };
    expect(await status()).to.deep.equal({
      ...{ ...NEVER, ...last, accountId: "111122223333", region: "us-east-1", outputs: OUTPUTS },
    });
    await pulumi(JSON.stringify([{ kind: "destroy", result: "in-progress", startTime: update.startTime }]));
    expect(await status(Promise.reject(new SettingsError("roleArn is missing")))).to.deep.include({
      ...{ lastUpdate: update.startTime, kind: "destroy", result: "in-progress", outputs: null },
    });
  });

  it("takes the outputs from a result after the last update, and the last verdict", async () => {
    await pulumi(JSON.stringify([update]));
    const verification = { verdict: "verified", verifiedAt: "2026-11-28T10:01:30.000Z" } as const;
    const result = {
      ...notStarted("acme", "up"),
      ...verification,
      outputs: OUTPUTS,
      startedAt: update.startTime,
    };
    await writeResult(folder, { ...result, durationInSeconds: 90 });
    expect(await status()).to.deep.include({ outputs: OUTPUTS, ...verification });
    expect(reads).to.equal(0);
    await writeResult(folder, { ...result, durationInSeconds: 30 });
    await status();
    expect(reads).to.equal(1);
  });

  it("names outputs that can't be read after a successful update, and a file that is not a result", async () => {
    await pulumi(JSON.stringify([update]));
    const several = Promise.reject(new SettingsError("stack has 2 destinations: a, b"));
    expect(await status(several)).to.deep.include({
      outputs: null,
      problem: "stack has 2 destinations: a, b",
    });
    await writeFile(join(folder, "acme.json"), "{");
    const row = await status();
    expect(row).to.deep.include({ lastUpdate: update.endTime, outputs: OUTPUTS });
    expect(row.problem).to.match(/acme\.json can't be read: /);
  });

  it("is an error if the backend can't be reached", async () => {
    await pulumi("error: could not get cloud url", 255);
    const thrown = await status().catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(SettingsError);
    expect((thrown as Error).message).to.match(
      /^`pulumi stack history .*` failed: error: could not get cloud url$/,
    );
  });
});
