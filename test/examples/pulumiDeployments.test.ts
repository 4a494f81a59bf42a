import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { skip } from "../skip";
import { type ScriptFolder, scriptFolder } from "./scripts";

const SCRIPT = join(PROJECT, "examples", "pulumi-deployments", "settings.sh");
const ENV = { GITHUB_REPO: "acme/customers", AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/pulumi" };

describe("The example for Pulumi Deployments", () => {
  let folder: ScriptFolder;
  beforeEach(() => {
    folder = scriptFolder();
    folder.standIn("pulumi");
    for (const file of ["Pulumi.yaml", "Pulumi.acme.yaml", "Pulumi.globex.eu-1.yaml"]) folder.write(file, "");
  });
  afterEach(() => folder.remove());

  it("writes the settings of each customer's stack, which its own file and the program trigger", () => {
    const { status, printed, calls } = folder.run(["bash", SCRIPT], ENV);
    expect({ status, printed }).to.deep.equal({ status: 0, printed: "" });
    expect(calls).to.have.lengthOf(2);
    expect(calls[0]).to.equal(
      [
        "pulumi deployment settings edit --stack acme --github-repo acme/customers --branch main",
        "--path-filter Pulumi.acme.yaml --path-filter Pulumi.yaml --path-filter \\*.ts --path-filter package-lock.json",
        "--push-to-deploy --preview-prs --oidc-aws-role-arn arn:aws:iam::111122223333:role/pulumi",
        "--oidc-aws-session-name amplitude-acme",
      ].join(" "),
    );
    expect(calls[1])
      .to.include("--stack globex.eu-1 ")
      .and.to.include("--path-filter Pulumi.globex.eu-1.yaml ");
  });

  it("stops at the first stack that Pulumi rejects, and says what is missing before that", () => {
    folder.standIn("pulumi", "exit 255");
    const { status, calls } = folder.run(["bash", SCRIPT], ENV);
    expect([status, calls.length]).to.deep.equal([255, 1]);
    expect(folder.run(["bash", SCRIPT], { GITHUB_REPO: "a/b" }).printed).to.include(
      "AWS_ROLE_ARN: Set it to",
    );
    const empty = scriptFolder();
    expect(empty.run(["bash", SCRIPT], ENV)).to.deep.include({ status: 2, calls: [] });
    empty.remove();
  });

  it("uses only options that the pulumi command has", function () {
    const help = spawnSync("pulumi", ["deployment", "settings", "edit", "--help"], { encoding: "utf8" });
    if (help.error !== undefined) skip(this, "no pulumi is on PATH");
    const { calls } = folder.run(["bash", SCRIPT], ENV);
    const used = [...(calls[0] ?? "").matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag);
    expect(used).to.have.lengthOf.above(5);
    for (const flag of used) expect(help.stdout).to.match(new RegExp(` ${flag} `));
  });
});
