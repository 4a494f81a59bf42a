import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writeReports } from "../../../../delivery/report/renderReport";
import { customer, fleetOf } from "../../report/fleets";
import { runInProcess } from "../inProcess";

describe("amplitude-kinesis fleet report", () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fleet-report-"));
    const part = (index: number, count: number, stacks: string[]) =>
      fleetOf(
        stacks.map((stack) => customer(stack)),
        { parts: [{ index, count }], run: "7" },
      );
    await writeReports(part(0, 2, ["acme"]), path("1"));
    await writeReports(part(1, 2, ["globex"]), path("2"));
    await writeReports(fleetOf([customer("initech", { outcome: "failed", cause: "x" })]), path("failed"));
    await mkdir(path("killed"));
    await mkdir(path("broken"));
    await writeFile(join(path("broken"), "report.json"), '{"fleetReportVersion":1}');
  });
  after(() => rmSync(folder, { recursive: true }));

  const run = (...words: string[]) => runInProcess(["fleet", "report", ...words]);

  it("prints one report of all parts, and writes it with logs relative to it", async () => {
    const { status, stdout } = await run(path("1"), path("2"), "--report", path("all"), "--json");
    expect(status).to.equal(0);
    const report = JSON.parse(stdout);
    expect(report.customers.map(({ stack, log }: Record<string, string>) => [stack, log])).to.deep.equal([
      ["acme", "../1/acme.log"],
      ["globex", "../2/globex.log"],
    ]);
    expect(JSON.parse(readFileSync(join(path("all"), "report.json"), "utf8"))).to.deep.equal(report);
    expect(existsSync(join(path("all"), "report.html"))).to.equal(true);
    const text = await run(path("1"), path("2"));
    expect(text.stdout).to.match(/^SUCCEEDED: up of 2 customers: 2 succeeded \(.*2 parts, run 7\)\n/);
  });

  it("exits 3 and names the part if one is missing or did not finish", async () => {
    const missing = await run(path("1"));
    expect(missing.status).to.equal(3);
    expect(missing.stdout)
      .to.match(/^UNDECIDED: /)
      .and.to.include("? part-missing: No report covers part 2/2");
    const killed = await run(path("1"), path("2"), path("killed"));
    expect(killed.status).to.equal(3);
    expect(killed.stdout).to.include("has no report.json").and.to.include(path("killed"));
  });

  it("exits 1 if a customer failed", async () => {
    const { status, stdout } = await run(path("failed"));
    expect({ status, first: stdout.split("\n")[0] }).to.deep.equal({
      status: 1,
      first: "FAILED: up of 1 customer: 1 failed (project acme-fleet)",
    });
  });

  const mistakes: [what: string, words: () => string[], message: RegExp][] = [
    ["no folder", () => [], /needs the report folders of the parts, such as `fleet report parts\/\*`/],
    ["a folder that doesn't exist", () => [path("1"), path("none")], /There is no folder .*none\. Name/],
    [
      "only folders without a report",
      () => [path("killed")],
      /No part has finished: there is no report.json/,
    ],
    [
      "what is not a fleet's report",
      () => [path("broken")],
      /broken\/report.json is not a report: command is missing/,
    ],
    [
      "a part's folder as --report",
      () => [path("1"), "--report", path("1")],
      /--report .*1 is the folder of a part/,
    ],
  ];
  for (const [what, words, message] of mistakes) {
    it(`exits 2 for ${what}, and writes nothing`, async () => {
      const { status, stdout, stderr } = await run(...words());
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: "" });
      expect(stderr).to.match(message);
    });
  }

  it("rejects options of other commands, which would change nothing", async () => {
    const { status, stderr } = await run(path("1"), path("2"), "--only", "acme");
    expect(status).to.equal(2);
    expect(stderr).to.include("--only");
  });

  it("has reports that report converts", async () => {
    const { status, stdout } = await runInProcess([
      "report",
      join(path("failed"), "report.json"),
      "--markdown",
    ]);
    expect(status).to.equal(0);
    expect(stdout).to.match(/^## ❌ Amplitude fleet: failed\n/);
  });

  it("is the only one of fleet's commands that takes folders", async () => {
    const { status, stderr } = await runInProcess(["fleet", "drift", "acme"]);
    expect(status).to.equal(2);
    expect(stderr).to.include("fleet drift takes no folder, but acme follows it. Select stacks with --only");
  });
});
