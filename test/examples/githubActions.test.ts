import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";

const WORKFLOW = join(__dirname, "..", "..", "examples", "github-actions", "onboard.yml");

describe("The example workflow for GitHub Actions", () => {
  const text = readFileSync(WORKFLOW, "utf8");
  const workflow = parse(text);
  const { jobs, permissions } = workflow;
  const steps: { run?: string; uses?: string; if?: string }[] = Object.values<{ steps: object[] }>(
    jobs,
  ).flatMap((job) => job.steps);

  it("verifies with reports, and posts the Markdown even if the verdict is bad", () => {
    const verify = steps.findIndex(({ run }) => run?.includes("verify --stack"));
    const post = steps.findIndex(({ run }) => run?.includes("gh pr comment"));
    expect(steps[verify]?.run).to.include("--report reports");
    expect(post).to.be.greaterThan(verify);
    expect(steps[post]?.run).to.include("reports/report.md").and.to.include("$GITHUB_STEP_SUMMARY");
    expect(steps[post]?.if).to.match(/^always\(\)/);
  });

  it("grants no permission by default, and puts no expression into a script", () => {
    expect(permissions).to.deep.equal({});
    for (const { run = "" } of steps) expect(run).not.to.include("${{");
  });

  it("lets a waiting run be replaced only by a later run of the same customer, with the newest settings", () => {
    expect(workflow.concurrency).to.equal(undefined);
    expect(jobs.onboard.concurrency).to.deep.equal({
      group: `onboard-\${{ matrix.customer }}`,
      "cancel-in-progress": false,
    });
    expect(jobs.onboard.steps[0].with.ref).to.equal(`\${{ github.ref_name }}`);
  });

  describe("lists the customers that a push changed", function () {
    this.timeout(20_000);
    const [step] = jobs.customers.steps.filter(({ id }: { id?: string }) => id === "changed");
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "onboard-"));
      git("init", "--quiet", "--initial-branch", "main");
      commit({ "README.md": "" });
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    function git(...args: string[]): string {
      const identity = [
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.com",
        "-c",
        "commit.gpgsign=false",
      ];
      return execFileSync("git", [...identity, ...args], { cwd: folder, encoding: "utf8" }).trim();
    }

    /** Writes files, or removes them if their content is undefined. Returns the commit. */
    function commit(files: Record<string, string | undefined>): string {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        if (content === undefined) rmSync(join(folder, name));
        else writeFileSync(join(folder, name), content);
      }
      git("add", "--all");
      git("commit", "--quiet", "--message", "change");
      return git("rev-parse", "HEAD");
    }

    /** Runs the step as GitHub does. */
    function changed(before: string) {
      const output = join(folder, ".git", "output");
      writeFileSync(output, "");
      const { status, stdout, stderr } = spawnSync(
        "bash",
        ["--noprofile", "--norc", "-eo", "pipefail", "-c", step.run],
        {
          cwd: folder,
          encoding: "utf8",
          env: {
            PATH: process.env.PATH,
            FORM: step.env.FORM,
            BEFORE: before,
            GITHUB_SHA: git("rev-parse", "HEAD"),
            GITHUB_OUTPUT: output,
          },
        },
      );
      const names = JSON.parse(/^names=(.*)$/m.exec(readFileSync(output, "utf8"))?.[1] ?? "null");
      return { status, names, printed: stdout + stderr };
    }

    it("with capitals, '_' and '.' in their names, and without other files", () => {
      const before = commit({ "customers/same.yaml": "a: 1", "customers/README.txt": "" });
      commit({
        "customers/Umbrella_Corp.yaml": "",
        "customers/acme.eu-1.yaml": "",
        "customers/README.md": "",
      });
      commit({ "customers/README.txt": undefined, "customers/new.yaml": "a: 1" });
      expect(changed(before)).to.deep.equal({
        status: 0,
        names: ["Umbrella_Corp", "acme.eu-1", "new"],
        printed: "",
      });
    });

    it("and warns about deleted and renamed ones, whose stacks still exist", () => {
      const before = commit({ "customers/old.yaml": "a: 1", "customers/globex.yaml": "b: 2" });
      commit({ "customers/old.yaml": undefined, "customers/globex.yaml": undefined });
      commit({ "customers/Globex.yaml": "b: 2", "customers/README.md": "" });
      const { status, names, printed } = changed(before);
      expect({ status, names }).to.deep.equal({ status: 0, names: ["Globex"] });
      expect(printed)
        .to.match(/^::warning::[^\n]*: globex, old\n$/)
        .and.to.include("pulumi destroy");
    });

    it("as none if no customer changed", () => {
      const before = git("rev-parse", "HEAD");
      commit({ "customers/README.md": "" });
      expect(changed(before)).to.deep.equal({ status: 0, names: [], printed: "" });
    });

    it("as all of them at a first push, and after the history was rewritten", () => {
      commit({ "customers/acme.yaml": "", "customers/globex.yaml": "" });
      for (const before of ["0".repeat(40), "1".repeat(40)])
        expect(changed(before)).to.deep.equal({ status: 0, names: ["acme", "globex"], printed: "" });
    });

    it("and fails for each file that can't name a stack, but still lists the others", () => {
      const before = git("rev-parse", "HEAD");
      const wrong = [
        "a b",
        "-x",
        "ümlaut",
        'quote"',
        "line\nbreak",
        "$(touch x)",
        "sub/acme",
        "..",
        "'; exit 0; '",
      ];
      commit(Object.fromEntries([...wrong, "acme"].map((name) => [`customers/${name}.yaml`, ""])));
      commit({ "customers/globex.yml": "", "customers/initech.YAML": "" });
      const { status, names, printed } = changed(before);
      expect({ status, names }).to.deep.equal({ status: 1, names: ["acme"] });
      expect(printed).to.match(/^::error::Not onboarded, .*\n$/);
      for (const name of [...wrong.map((each) => `${each}.yaml`), "globex.yml", "initech.YAML"])
        expect(printed).to.include(JSON.stringify(`customers/${name}`));
    });
  });
});
