import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { parse } from "yaml";
import { PROJECT } from "../cache";
import { skip } from "../skip";

interface Step {
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}

interface Job {
  needs?: string | string[];
  permissions?: Record<string, string>;
  steps?: Step[];
  uses?: string;
  "timeout-minutes"?: number;
}

const OWN = workflowsIn(".github/workflows");
const EXAMPLES = workflowsIn("examples/github-actions");

function workflowsIn(folder: string): string[] {
  return readdirSync(join(PROJECT, folder)).map((name) => `${folder}/${name}`);
}

function read(path: string): string {
  return readFileSync(join(PROJECT, path), "utf8");
}

describe("The workflows for GitHub Actions", () => {
  const jobs = OWN.flatMap((path) =>
    Object.entries<Job>(parse(read(path)).jobs).map(([name, job]) => ({ where: `${path}: ${name}`, job })),
  );
  const steps = jobs.flatMap(({ where, job }) => (job.steps ?? []).map((step) => ({ where, ...step })));

  it("pass actionlint", async function () {
    const paths = [...OWN, ...EXAMPLES].map((path) => join(PROJECT, path));
    const { code, stdout } = await promisify(execFile)("actionlint", ["-no-color", ...paths]).then(
      (result) => ({ ...result, code: 0 }),
      (error: { code: unknown; stdout: string }) => error,
    );
    if (code === "ENOENT") {
      skip(this, "no actionlint is on PATH; .ci/run builds it with Go");
    }
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "" });
  });

  it("pin each action to one commit everywhere, with its version in a comment", () => {
    const used = OWN.flatMap((path) => [...read(path).matchAll(/uses: ([^.\s].*)$/gm)]).map(
      ([, action = ""]) => action,
    );
    expect(used).not.to.be.empty;
    for (const action of used) expect(action).to.match(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const repositories = new Set(used.map((action) => action.split(/[/@]/).slice(0, 2).join("/")));
    const versions = new Set(used.map((action) => action.replace(/^([^/]+\/[^/@]+)[^@]*/, "$1")));
    expect(versions.size).to.equal(repositories.size);
  });

  it("grant no permission by default, and each job only what it needs", () => {
    for (const path of OWN) expect(parse(read(path)).permissions, path).to.deep.equal({});
    const writing = jobs.flatMap(({ where, job }) =>
      Object.entries(job.permissions ?? {})
        .filter(([, right]) => right !== "read")
        .map(([scope, right]) => `${where} ${scope}: ${right}`),
    );
    expect(writing).to.deep.equal([
      ".github/workflows/release.yml: publish id-token: write",
      ".github/workflows/release.yml: github-release contents: write",
    ]);
  });

  it("limit the time of every job, and leave no credentials in a checkout", () => {
    const endless = jobs.filter(({ job }) => job.uses === undefined && job["timeout-minutes"] === undefined);
    expect(endless.map(({ where }) => where)).to.deep.equal([]);
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      expect(step.with, step.where).to.include({ "persist-credentials": false });
    }
  });

  it("put no expression into a script", () => {
    for (const { run = "", where } of steps) expect(run, where).not.to.include("${{");
  });

  it("have one required job, which needs all other jobs of CI", () => {
    const { required, ...others } = parse(read(".github/workflows/ci.yml")).jobs;
    expect(required.needs).to.have.members(Object.keys(others));
    expect(required.if).to.equal("always()");
  });
});
