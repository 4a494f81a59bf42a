import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ReportError, SettingsError } from "../../../delivery/common/errors";
import { registerSecrets } from "../../../delivery/common/redactSecrets";
import type { CustomerResult } from "../../../delivery/fleet/report";
import {
  lockResults,
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
    const run = await startRun(folder, "up", ["acme", "globex"]);
    expect(run).to.deep.equal({ stacks: ["acme", "globex"], finished: [] });
    expect(await outcomes("acme", "globex", "initech")).to.deep.equal([
      "not-started",
      "not-started",
      undefined,
    ]);
    expect((await readdir(folder)).sort()).to.deep.equal(["acme.json", "globex.json"]);
  });

  it("keep only the successes of the same command when the run is resumed", async () => {
    await startRun(folder, "up", []);
    const done = result("done", { outcome: "succeeded" });
    await writeResult(folder, done);
    await writeResult(folder, result("failed", { outcome: "failed" }));
    await writeResult(folder, result("other", { outcome: "succeeded", command: "preview" }));
    const stacks = ["done", "failed", "new", "other"];
    const resumed = await startRun(folder, "up", stacks, { resume: true });
    expect(resumed).to.deep.equal({ stacks: ["failed", "new", "other"], finished: [done] });
    expect(await outcomes(...stacks)).to.deep.equal([
      "succeeded",
      "not-started",
      "not-started",
      "not-started",
    ]);
    expect((await startRun(folder, "up", stacks)).stacks).to.deep.equal(stacks);
    expect(await outcomes("done")).to.deep.equal(["not-started"]);
  });

  it("count as done only if they were verified, when up is resumed with verification", async () => {
    await startRun(folder, "up", []);
    await writeResult(folder, result("verified", { outcome: "succeeded", verdict: "verified" }));
    await writeResult(folder, result("unverified", { outcome: "succeeded" }));
    const stacks = ["unverified", "verified"];
    const resume = async (verify: boolean) =>
      (await startRun(folder, "up", stacks, { resume: true, verify })).stacks;
    expect(await resume(false)).to.deep.equal([]);
    expect(await resume(true)).to.deep.equal(["unverified"]);
  });

  it("are written by one run at a time, and what a killed run has left stops nobody", async () => {
    const lock = lockResults(folder);
    expect(() => lockResults(folder)).to.throw(
      SettingsError,
      /is writing the results in .*another --report$/,
    );
    lock.release();
    await writeFile(join(folder, "fleet.lock"), "999999999\n");
    lockResults(folder).release();
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("and the report stay as they are if one of them can't be read", async () => {
    await startRun(folder, "up", []);
    const acme = result("acme", { outcome: "succeeded" });
    await writeResult(folder, acme);
    for (const name of ["globex.json", "report.json"]) await writeFile(join(folder, name), "{");
    const thrown = await startRun(folder, "up", ["acme", "globex"]).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(ReportError);
    expect(await readResult(folder, "acme")).to.deep.equal(acme);
    expect(await readdir(folder)).to.include("report.json");
  });

  it("have no report of an earlier run, which would be merged if this run is killed", async () => {
    await startRun(folder, "up", []);
    const reports = ["report.html", "report.json", "report.md", "report.xml"];
    for (const name of [...reports, "acme.log", "notes.txt"]) await writeFile(join(folder, name), "");
    await startRun(folder, "up", [], { resume: true });
    expect((await readdir(folder)).sort()).to.deep.equal(["acme.log", "notes.txt"]);
  });

  it("keep the last verification through runs that verify nothing", async () => {
    const last = { verdict: "verified", verifiedAt: VERIFIED_AT } as const;
    await startRun(folder, "up", []);
    await writeResult(folder, result("acme", { outcome: "succeeded", ...last }));
    for (const command of ["preview", "drift"] as const) {
      await startRun(folder, command, ["acme"]);
      expect(await readResult(folder, "acme")).to.deep.include({
        command,
        verdict: null,
        lastVerification: last,
      });
    }
  });

  it("have logs without secrets, whoever has written them", async () => {
    registerSecrets(["hush-hush-hush-hush"]);
    await startRun(folder, "up", []);
    await writeFile(logFile(folder, "acme"), "key hush-hush-hush-hush\n");
    await redactLog(folder, "acme");
    expect(await readFile(logFile(folder, "acme"), "utf8")).to.equal("key [redacted]\n");
  });

  it("name the file that is not a result, and the folder that can't be created", async () => {
    await startRun(folder, "up", []);
    for (const text of ["", "[]", '{"stack":"globex"}']) {
      await writeFile(join(folder, "acme.json"), text);
      const thrown = await readResult(folder, "acme").catch((error: unknown) => error);
      expect(thrown)
        .to.be.instanceOf(ReportError)
        .with.property("message")
        .that.includes("acme.json can't be read");
    }
    const blocked = join(folder, "acme.json", "inner");
    const thrown = await startRun(blocked, "up", ["acme"]).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(ReportError).with.property("message").that.includes("can't be prepared");
  });
});
