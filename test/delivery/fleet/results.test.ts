import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ReportError } from "../../../delivery/common/errors";
import { registerSecrets } from "../../../delivery/common/redactSecrets";
import type { CustomerResult } from "../../../delivery/fleet/report";
import {
  logFile,
  notStarted,
  readResult,
  redactLog,
  startRun,
  writeResult,
} from "../../../delivery/fleet/results";

describe("The results of a fleet", () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "fleet-results-")), "fleet-report");
  });
  afterEach(() => rm(join(folder, ".."), { recursive: true }));

  const VERIFIED_AT = "2026-11-28T10:00:00.000Z";
  const result = (stack: string, changes: Partial<CustomerResult>): CustomerResult => ({
    ...notStarted(stack, "up"),
    cause: null,
    ...changes,
  });
  const outcomes = async (...stacks: string[]) =>
    Promise.all(stacks.map(async (stack) => (await readResult(folder, stack))?.outcome));

  it("say before a run starts that no customer has started", async () => {
    const run = await startRun(folder, "up", ["acme", "globex"], false);
    expect(run).to.deep.equal({ stacks: ["acme", "globex"], finished: [] });
    expect(await outcomes("acme", "globex", "initech")).to.deep.equal([
      "not-started",
      "not-started",
      undefined,
    ]);
    expect((await readdir(folder)).sort()).to.deep.equal(["acme.json", "globex.json"]);
  });

  it("keep only the successes of the same command when the run is resumed", async () => {
    await startRun(folder, "up", [], false);
    const done = result("done", { outcome: "succeeded" });
    await writeResult(folder, done);
    await writeResult(folder, result("failed", { outcome: "failed" }));
    await writeResult(folder, result("other", { outcome: "succeeded", command: "preview" }));
    const stacks = ["done", "failed", "new", "other"];
    const resumed = await startRun(folder, "up", stacks, true);
    expect(resumed).to.deep.equal({ stacks: ["failed", "new", "other"], finished: [done] });
    expect(await outcomes(...stacks)).to.deep.equal([
      "succeeded",
      "not-started",
      "not-started",
      "not-started",
    ]);
    expect((await startRun(folder, "up", stacks, false)).stacks).to.deep.equal(stacks);
    expect(await outcomes("done")).to.deep.equal(["not-started"]);
  });

  it("have no report of an earlier run, which would be merged if this run is killed", async () => {
    await startRun(folder, "up", [], false);
    const reports = ["report.html", "report.json", "report.md", "report.xml"];
    for (const name of [...reports, "acme.log", "notes.txt"]) await writeFile(join(folder, name), "");
    await startRun(folder, "up", [], true);
    expect((await readdir(folder)).sort()).to.deep.equal(["acme.log", "notes.txt"]);
  });

  it("keep the last verification through runs that verify nothing", async () => {
    const last = { verdict: "verified", verifiedAt: VERIFIED_AT } as const;
    await startRun(folder, "up", [], false);
    await writeResult(folder, result("acme", { outcome: "succeeded", ...last }));
    for (const command of ["preview", "drift"] as const) {
      await startRun(folder, command, ["acme"], false);
      expect(await readResult(folder, "acme")).to.deep.include({
        command,
        verdict: null,
        lastVerification: last,
      });
    }
  });

  it("have logs without secrets, whoever has written them", async () => {
    registerSecrets(["hush-hush-hush-hush"]);
    await startRun(folder, "up", [], false);
    await writeFile(logFile(folder, "acme"), "key hush-hush-hush-hush\n");
    await redactLog(folder, "acme");
    expect(await readFile(logFile(folder, "acme"), "utf8")).to.equal("key [redacted]\n");
  });

  it("name the file that is not a result, and the folder that can't be created", async () => {
    await startRun(folder, "up", [], false);
    for (const text of ["", "[]", '{"stack":"globex"}']) {
      await writeFile(join(folder, "acme.json"), text);
      const thrown = await readResult(folder, "acme").catch((error: unknown) => error);
      expect(thrown)
        .to.be.instanceOf(ReportError)
        .with.property("message")
        .that.includes("acme.json can't be read");
    }
    const blocked = join(folder, "acme.json", "inner");
    const thrown = await startRun(blocked, "up", ["acme"], false).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(ReportError).with.property("message").that.includes("can't be prepared");
  });
});
