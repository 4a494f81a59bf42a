import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

  describe("runs for each customer", () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "onboard-"));
      for (const each of ["bin", "customers", "reports"]) mkdirSync(join(folder, each));
      writeFileSync(join(folder, "customers", "acme.yaml"), "config: {}\n");
      writeFileSync(join(folder, "reports", "report.md"), "the report\n");
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    /** Runs a step as GitHub does, with stand-ins for commands. Each records its arguments before its own lines run. */
    function run(name: string, env: Record<string, string>, standIns: Record<string, string>) {
      const step = jobs.onboard.steps.find((each: { name?: string }) => each.name === name);
      for (const [command, lines] of Object.entries(standIns)) {
        const script = `#!/bin/bash\necho "${command} $*" >> calls\n${lines}\n`;
        writeFileSync(join(folder, "bin", command), script, { mode: 0o755 });
      }
      const { status, stdout, stderr } = spawnSync("bash", ["--noprofile", "--norc", "-e", "-c", step.run], {
        cwd: folder,
        encoding: "utf8",
        env: { PATH: `${join(folder, "bin")}:${process.env.PATH}`, CUSTOMER: "acme", ...env },
      });
      const read = (file: string) =>
        existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8") : "";
      return { status, printed: stdout + stderr, calls: read("calls").split("\n").slice(0, -1), read };
    }

    it("pulumi up, with the customer's file as the stack's settings", () => {
      const { status, calls, read } = run("Provision", {}, { pulumi: "" });
      expect(status).to.equal(0);
      expect(calls).to.deep.equal(["pulumi stack select --create acme", "pulumi up --yes --skip-preview"]);
      expect(read("Pulumi.acme.yaml")).to.equal("config: {}\n");
    });

    it("and says that the customer's file is gone before it changes anything", () => {
      const { status, calls, printed } = run("Provision", { CUSTOMER: "globex" }, { pulumi: "" });
      expect({ status, calls }).to.deep.equal({ status: 1, calls: [] });
      expect(printed).to.match(/^::error::Not onboarded, because customers\/globex.yaml [^\n]*\n$/);
    });

    it("and fails with pulumi", () => {
      expect(run("Provision", {}, { pulumi: '[ "$1" != up ]' }).status).to.equal(1);
    });

    const github = { GITHUB_REPOSITORY: "o/r", GITHUB_SHA: "abc", GITHUB_STEP_SUMMARY: "summary" };

    it("the post of the report, which names the customer, to the summary and the pull request", () => {
      const { status, calls, read } = run("Post the report", github, {
        gh: 'if [ "$1" = api ]; then echo 7; else cat > comment; fi',
      });
      expect(status).to.equal(0);
      expect(calls.at(-1)).to.equal("gh pr comment 7 --repo o/r --body-file -");
      for (const file of ["summary", "comment"]) expect(read(file)).to.equal("**acme**\n\nthe report\n");
    });

    it("only the summary without a pull request, as after a direct push", () => {
      const { status, calls, read } = run("Post the report", github, { gh: "" });
      expect({ status, calls: calls.length }).to.deep.equal({ status: 0, calls: 1 });
      expect(read("summary")).to.include("the report");
    });

    it("only the summary with a warning if GitHub rejects the comment, because delivery is verified", () => {
      for (const gh of ["exit 1", '[ "$1" = api ] && echo 7']) {
        const { status, printed, read } = run("Post the report", github, { gh });
        expect(status).to.equal(0);
        expect(printed).to.include("::warning::").and.to.include("summary");
        expect(read("summary")).to.include("the report");
      }
    });
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

    it("but at most the 256 that a matrix can have, and fails for the others by name", () => {
      const before = git("rev-parse", "HEAD");
      const all = Array.from({ length: 258 }, (_, index) => `c${1000 + index}`);
      commit(Object.fromEntries(all.map((name) => [`customers/${name}.yaml`, ""])));
      const { status, names, printed } = changed(before);
      expect({ status, names }).to.deep.equal({ status: 1, names: all.slice(0, 256) });
      expect(printed).to.match(/^::error::Not onboarded, [^\n]* 256 [^\n]*: c1256, c1257\n$/);
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
