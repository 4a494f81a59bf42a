import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { runCustomer } from "../../../../delivery/cli/fleet/customer";
import { systemClock } from "../../../../delivery/common/clock";
import type { FleetCommand } from "../../../../delivery/fleet/report";

describe("A customer of a fleet", () => {
  const { PATH } = process.env;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-customer-"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: destinations\nruntime: nodejs\n");
    process.env.PATH = [folder, PATH].join(delimiter);
  });
  afterEach(async () => {
    process.env.PATH = PATH;
    await rm(folder, { recursive: true });
  });

  /** Runs a command with a `pulumi` that notes its words and then runs this shell script, in which `$log` is the event log. */
  async function run(command: FleetCommand, script: string) {
    const lines = [
      "#!/bin/sh",
      `echo "$*" >> '${folder}/words'`,
      "log=$(echo \"$*\" | sed 's/.*--event-log //; s/ .*//')",
      script,
    ];
    await writeFile(join(folder, "pulumi"), `${lines.join("\n")}\n`);
    await chmod(join(folder, "pulumi"), 0o755);
    const task = {
      ...{ command, folder, stack: "acme", reference: "acme", results: folder, lastVerification: null },
      // Up to version 3.205.0, events go through a file, which a script can write.
      ...{ version: "v3.200.0", verify: false, events: undefined, propagationSeconds: 0, clearLocks: false },
    };
    const { signal } = new AbortController();
    return runCustomer(task, { signal, clock: systemClock, onStep: () => {}, onLog: () => {} });
  }

  it("is not created by a preview, which changes nothing", async () => {
    const result = await run("preview", "echo \"error: no stack named 'acme' found\" >&2; exit 255");
    expect(result).to.deep.include({ outcome: "failed", cause: "the stack acme does not exist yet" });
    expect(result.remedy).to.include("`pulumi stack init acme`").and.to.include("fleet up");
    expect(await readFile(join(folder, "words"), "utf8")).not.to.include("init");
  });

  it("has the outputs that an update has made, not those that a preview plans", async () => {
    const outputs = { roleArn: "arn:aws:iam::111122223333:role/r", region: "us-east-1", streamName: "s" };
    const metadata = { op: "same", urn: "urn", type: "pulumi:pulumi:Stack", new: { outputs } };
    const events = [{ resOutputsEvent: { metadata } }, { summaryEvent: { resourceChanges: { same: 1 } } }];
    const script = `cat > "$log" <<'END'\n${events.map((each) => JSON.stringify(each)).join("\n")}\nEND`;
    expect(await run("up", script)).to.deep.include({ outcome: "succeeded", outputs });
    expect(await run("preview", script)).to.deep.include({
      ...{ outcome: "succeeded", outputs: null, accountId: "111122223333", region: "us-east-1" },
    });
  });
});
