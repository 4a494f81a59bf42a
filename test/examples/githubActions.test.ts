import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { parse } from "yaml";

const WORKFLOW = join(__dirname, "..", "..", "examples", "github-actions", "onboard.yml");

describe("The example workflow for GitHub Actions", () => {
  const text = readFileSync(WORKFLOW, "utf8");
  const { jobs, permissions } = parse(text);
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
});
