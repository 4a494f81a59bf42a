import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";
import { PROJECT } from "../cache";
import { unknownFlags } from "../docs/commandTree";
import { asGitHub, type ScriptFolder, scriptFolder } from "./scripts";

interface Step {
  name?: string;
  run?: string;
  shell?: string;
  uses?: string;
  if?: string;
  with?: Record<string, unknown>;
}

describe("The example workflow for GitHub Actions", () => {
  const workflow = parse(readFileSync(join(PROJECT, "examples", "github-actions", "onboard.yml"), "utf8"));
  const { jobs } = workflow;
  const steps = Object.values<{ steps: Step[] }>(jobs).flatMap((job) => job.steps);

  function stepOf(name: string): Step {
    const step = steps.find((each) => each.name === name);
    if (step === undefined) throw new Error(`there is no step ${name}`);
    return step;
  }

  it("grants no permission by default, and puts no expression into a script", () => {
    expect(workflow.permissions).to.deep.equal({});
    for (const { run = "" } of steps) expect(run).not.to.include("${{");
  });

  it("uses only options of fleet that exist", () => {
    const commands = steps.flatMap(({ run = "" }) => /amplitude-kinesis fleet ([^\n]*)/.exec(run)?.[1] ?? []);
    expect(commands).to.have.lengthOf(2);
    for (const words of commands) expect(unknownFlags("fleet", words)).to.deep.equal([]);
  });

  it("divides the customers among as many parts as the matrix has", () => {
    const { part } = jobs.fleet.strategy.matrix;
    const of = part.length;
    expect(part).to.deep.equal(Array.from({ length: of }, (_, index) => index + 1));
    const { env } = jobs.fleet.steps.find((step: Step) => step.name === "Provision and verify");
    expect(env.PART).to.equal(`\${{ matrix.part }}/${of}`);
  });

  it("never changes one stack in two runs, loses no part, and uses the newest settings after it has waited", () => {
    expect(workflow.concurrency).to.equal(undefined);
    expect(jobs.fleet.concurrency).to.deep.equal({
      group: `fleet-\${{ matrix.part }}`,
      "cancel-in-progress": false,
    });
    expect(jobs.fleet.strategy["fail-fast"]).to.equal(false);
    expect(jobs.fleet.steps[0].with.ref).to.equal(`\${{ github.ref_name }}`);
  });

  it("keeps the results of failed customers, merges them also then, and publishes no full account id", () => {
    expect(stepOf("Keep the results").if).to.match(/^always\(\)/);
    expect(jobs.report.if).to.include("!cancelled()");
    expect(stepOf("Post the report").if).to.match(/^always\(\)/);
    expect(stepOf("Keep the results").with).to.include({ path: "fleet-report", "retention-days": 1 });
    expect(stepOf("Keep the report").with?.path).not.to.include("report.json");
  });

  describe("runs", () => {
    let folder: ScriptFolder;
    beforeEach(() => {
      folder = scriptFolder();
      folder.write("fleet-report/report.md", "the report\n");
    });
    afterEach(() => folder.remove());

    const github = {
      GITHUB_REPOSITORY: "o/r",
      GITHUB_SHA: "abc",
      GITHUB_RUN_ID: "77",
      GITHUB_STEP_SUMMARY: "summary",
    };

    it("fleet up for its part, and fails with it", () => {
      for (const status of [0, 1]) {
        folder.standIn("npx", `exit ${status}`);
        const run = folder.run(asGitHub(stepOf("Provision and verify")), { ...github, PART: "2/4" });
        expect(run.status).to.equal(status);
        expect(run.calls).to.deep.equal([
          "npx --no amplitude-kinesis fleet up --yes --part 2/4 --run 77 --events 20 --canary 1 --max-failures 5 --report fleet-report",
        ]);
      }
    });

    it("fleet report for the results of all parts, and fails with it", () => {
      for (const part of [1, 2]) folder.write(`parts/part-${part}/report.json`, "{}");
      for (const status of [0, 3]) {
        folder.standIn("npx", `exit ${status}`);
        const run = folder.run(asGitHub(stepOf("Merge the results")), github);
        expect(run.status).to.equal(status);
        expect(run.calls).to.deep.equal([
          "npx --no amplitude-kinesis fleet report parts/part-1 parts/part-2 --report fleet-report",
        ]);
      }
    });

    const post = () => folder.run(asGitHub(stepOf("Post the report")), github);

    it("the post of the report to the summary and the pull request", () => {
      folder.standIn("gh", 'if [ "$1" = api ]; then echo 7; fi');
      const { status, calls } = post();
      expect(status).to.equal(0);
      expect(calls.at(-1)).to.equal("gh pr comment 7 --repo o/r --body-file fleet-report/report.md");
      expect(folder.read("summary")).to.equal("the report\n");
    });

    it("only the summary without a pull request, as after a direct push", () => {
      folder.standIn("gh");
      const { status, calls } = post();
      expect({ status, calls: calls.length }).to.deep.equal({ status: 0, calls: 1 });
      expect(folder.read("summary")).to.include("the report");
    });

    it("only the summary with a warning if GitHub rejects the comment, because delivery is verified", () => {
      for (const lines of ["exit 1", '[ "$1" = api ] && echo 7']) {
        folder.standIn("gh", lines);
        const { status, printed } = post();
        expect(status).to.equal(0);
        expect(printed).to.include("::warning::").and.to.include("summary");
        expect(folder.read("summary")).to.include("the report");
      }
    });
  });

  describe("warns about customers", () => {
    let folder: ScriptFolder;
    beforeEach(() => {
      folder = scriptFolder();
      git("init", "--quiet", "--initial-branch", "main");
      commit({ "README.md": "" });
    });
    afterEach(() => folder.remove());

    function git(...args: string[]): string {
      const settings = ["user.name=Test", "user.email=test@example.com", "commit.gpgsign=false"];
      return execFileSync("git", [...settings.flatMap((each) => ["-c", each]), ...args], {
        cwd: folder.path,
        encoding: "utf8",
      }).trim();
    }

    /** Writes files, or removes them if their content is undefined. Returns the commit. */
    function commit(files: Record<string, string | undefined>): string {
      for (const [name, content] of Object.entries(files)) {
        const path = join(folder.path, name);
        mkdirSync(join(path, ".."), { recursive: true });
        if (content === undefined) rmSync(path);
        else writeFileSync(path, content);
      }
      git("add", "--all");
      git("commit", "--quiet", "--message", "change");
      return git("rev-parse", "HEAD");
    }

    function warned(before: string) {
      const step = stepOf("Name customers whose files were deleted");
      const { status, printed } = folder.run(asGitHub(step), {
        BEFORE: before,
        GITHUB_SHA: git("rev-parse", "HEAD"),
      });
      return { status, printed };
    }

    it("whose files were deleted or renamed, because their stacks still exist", () => {
      const before = commit({
        "Pulumi.old.yaml": "a: 1",
        "Pulumi.globex.yaml": "b: 2",
        "Pulumi.Umbrella_Corp.eu-1.yaml": "",
        "docs/Pulumi.other.yaml": "",
        "Pulumi.yaml": "name: x",
      });
      commit({
        "Pulumi.old.yaml": undefined,
        "Pulumi.globex.yaml": undefined,
        "Pulumi.Umbrella_Corp.eu-1.yaml": undefined,
        "docs/Pulumi.other.yaml": undefined,
        "Pulumi.yaml": undefined,
      });
      commit({ "Pulumi.Globex.yaml": "b: 2", "Pulumi.new.yaml": "a: 1" });
      const { status, printed } = warned(before);
      expect(status).to.equal(0);
      expect(printed)
        .to.match(/^::warning::[^\n]*: Umbrella_Corp.eu-1, globex, old\n$/)
        .and.to.include("pulumi destroy");
    });

    it("only if there are any", () => {
      const before = git("rev-parse", "HEAD");
      commit({ "Pulumi.acme.yaml": "", "README.md": "x" });
      expect(warned(before)).to.deep.equal({ status: 0, printed: "" });
    });

    it("only if there is something to compare with: not at a first push or after the history was rewritten", () => {
      for (const before of ["0".repeat(40), "1".repeat(40)])
        expect(warned(before)).to.deep.equal({ status: 0, printed: "" });
    });

    it("without running what a file's name says", () => {
      const before = commit({ "Pulumi.$(touch x).yaml": "", "Pulumi.'; touch y; '.yaml": "" });
      commit({ "Pulumi.$(touch x).yaml": undefined, "Pulumi.'; touch y; '.yaml": undefined });
      expect(warned(before)).to.deep.equal({ status: 0, printed: "" });
      expect([folder.read("x"), folder.read("y"), git("status", "--short")]).to.deep.equal(["", "", ""]);
    });
  });
});
