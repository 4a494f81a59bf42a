import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { ReportError } from "../../../delivery/common/errors";
import { prepareReportFolder, writeReports } from "../../../delivery/report/renderReport";
import { skip } from "../../skip";
import { FAILED, VERIFIED } from "./reports";

const NAMES = ["report.html", "report.json", "report.md", "report.xml"];

async function problemOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    expect(error).to.be.instanceOf(ReportError);
    return (error as Error).message;
  }
  throw new Error("It was expected to fail, and did not.");
}

describe("A folder of reports", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "reports-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is created with its parents, and contains the report in each format and nothing else", async () => {
    const reports = join(folder, "a", "b");
    const written = await writeReports(FAILED, reports);
    expect((await readdir(reports)).sort()).to.deep.equal(NAMES);
    expect([...written].sort()).to.deep.equal(NAMES.map((name) => join(reports, name)));
    expect(JSON.parse(await readFile(join(reports, "report.json"), "utf8"))).to.deep.equal(FAILED);
    expect(await readFile(join(reports, "report.html"), "utf8")).to.match(/^<!doctype html>/);
    expect(await readFile(join(reports, "report.xml"), "utf8")).to.match(/^<\?xml /);
    expect(await readFile(join(reports, "report.md"), "utf8")).to.match(/^## /);
  });

  it("has files that only their owner can read, unless other permissions are asked for", async () => {
    const modes = async () =>
      Promise.all(NAMES.map(async (name) => ((await stat(join(folder, name))).mode & 0o777).toString(8)));
    for (const name of NAMES) await writeFile(join(folder, name), "", { mode: 0o644 });
    await writeReports(VERIFIED, folder);
    expect(await modes()).to.deep.equal(["600", "600", "600", "600"]);
    await writeReports(VERIFIED, folder, { mode: 0o664 });
    expect(await modes()).to.deep.equal(["664", "664", "664", "664"]);
  });

  it("stays as it was if the report can't be rendered", async () => {
    const broken = { ...VERIFIED, latencyHistogram: "AAAA" };
    expect(await problemOf(writeReports(broken, folder))).to.include("latencyHistogram can't be decoded");
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("contains the reports of the last run", async () => {
    await writeReports(FAILED, folder);
    await writeReports(VERIFIED, folder);
    expect(JSON.parse(await readFile(join(folder, "report.json"), "utf8")).verdict).to.equal("verified");
    expect((await readdir(folder)).sort()).to.deep.equal(NAMES);
  });

  it("is tested without leaving a file", async () => {
    await prepareReportFolder(folder);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("can't be a file, or be inside one", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    expect(await problemOf(prepareReportFolder(file))).to.include(`${file}: a file has that name`);
    expect(await problemOf(prepareReportFolder(join(file, "x")))).to.include("part of the path is a file");
  });

  it("can't be where the file system takes no folders, which is found at once", async function () {
    if (!existsSync("/proc/self")) skip(this, "this system has no /proc");
    expect(await problemOf(prepareReportFolder("/proc/x"))).to.equal(
      "The report can't be written to /proc/x: no folder can be created there. Name another folder",
    );
    expect(await problemOf(writeReports(VERIFIED, "/proc/x/y"))).to.include("no folder can be created there");
  });

  it("can't be read-only", async function () {
    if (!existsSync("/sys/kernel")) skip(this, "this system has no /sys");
    expect(await problemOf(prepareReportFolder("/sys/kernel"))).to.match(/permission denied|read-only/);
  });

  it("has no partial file if a folder has the name of a file", async () => {
    await mkdir(join(folder, "report.html"));
    expect(await problemOf(writeReports(VERIFIED, folder))).to.include("report.html: a folder has that name");
    expect((await readdir(folder)).sort()).to.deep.equal(["report.html", "report.json"]);
  });
});
