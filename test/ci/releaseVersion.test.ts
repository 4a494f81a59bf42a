import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { version } from "../../package.json";

const PROJECT = join(__dirname, "..", "..");
const SCRIPT = join(PROJECT, ".ci", "releaseVersion.cjs");
const CHANGELOG = `# Changelog

## [Unreleased]

## [${version}] - 2026-11-28

### Added

- The first entry.

## [0.0.1] - 2026-01-01

- An older entry.
`;

describe("The check of a release's version", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "release-"));
    mkdirSync(join(folder, "components"));
    for (const path of ["package.json", "package-lock.json", "components/package.json"]) {
      cpSync(join(PROJECT, path), join(folder, path));
    }
    writeFileSync(join(folder, "CHANGELOG.md"), CHANGELOG);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(tag = `v${version}`, environment: Record<string, string> = {}) {
    const env = { PATH: process.env.PATH, ...environment };
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, tag], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }
  function rewrite(path: string, change: (text: string) => string): void {
    writeFileSync(join(folder, path), change(readFileSync(join(folder, path), "utf8")));
  }
  function setVersion(path: string): void {
    rewrite(path, (text) => JSON.stringify({ ...JSON.parse(text), version: "9.9.9" }));
  }

  it("passes this repository's versions, and prints the section of the changelog", () => {
    expect(run()).to.deep.equal({ status: 0, stdout: "### Added\n\n- The first entry.\n", stderr: "" });
  });

  for (const path of ["package.json", "package-lock.json", "components/package.json"]) {
    it(`fails if ${path} has another version, and says only that`, () => {
      setVersion(path);
      expect(run()).to.deep.equal({
        status: 1,
        stdout: "",
        stderr: `${path} has version 9.9.9, but the tag is v${version}. Set the version.\n`,
      });
    });
  }

  it("names everything that differs from another tag", () => {
    const { status, stderr } = run("v9.9.9");
    expect(status).to.equal(1);
    const named = stderr.trimEnd().split("\n");
    expect(named.map((line) => line.split(/ has |'s /)[0])).to.deep.equal([
      "package.json",
      "package-lock.json",
      "components/package.json",
      "CHANGELOG.md",
    ]);
  });

  it("fails for a tag that is not a release's", () => {
    for (const tag of ["", version, `v${version}-rc.1`, "latest"]) {
      const { status, stderr } = run(tag);
      expect({ status, stderr }, tag).to.deep.equal({
        status: 1,
        stderr: `The tag "${tag}" is not a release's. Name it vMAJOR.MINOR.PATCH.\n`,
      });
    }
  });

  it("fails if the changelog's topmost release is another, has no date, or is missing", () => {
    const heading = `## [${version}] - 2026-11-28`;
    for (const [replacement, topmost] of [
      [`## [9.9.9] - 2026-12-01\n\n- Newer.\n\n${heading}`, "9.9.9"],
      [`## [${version}]`, "missing"],
      ["", "0.0.1"],
    ] as const) {
      writeFileSync(join(folder, "CHANGELOG.md"), CHANGELOG.replace(heading, replacement));
      const { status, stderr } = run();
      expect(status, topmost).to.equal(1);
      expect(stderr).to.equal(
        `CHANGELOG.md's topmost release is ${topmost}. Head its entries "## [${version}] - YYYY-MM-DD".\n`,
      );
    }
  });

  it("fails if the changelog's section is empty", () => {
    rewrite("CHANGELOG.md", (text) => text.replace("### Added\n\n- The first entry.\n", ""));
    const { status, stderr } = run();
    expect({ status, stderr }).to.deep.equal({
      status: 1,
      stderr: `CHANGELOG.md has no entries for v${version}. Write what changed.\n`,
    });
  });

  it("fails on GitHub if package.json doesn't name the repository that publishes", () => {
    const onGitHub = { GITHUB_REPOSITORY: "owner/name" };
    const named = (url: string) =>
      rewrite("package.json", (text) => JSON.stringify({ ...JSON.parse(text), repository: { url } }));
    for (const url of ["", "git+https://github.com/other/name.git"]) {
      named(url);
      const { status, stderr } = run(undefined, onGitHub);
      expect({ status, stderr }, url).to.deep.equal({
        status: 1,
        stderr:
          "npm rejects provenance from a repository that package.json doesn't name. " +
          "Set repository.url to git+https://github.com/owner/name.git.\n",
      });
    }
    named("git+https://github.com/owner/name.git");
    expect(run(undefined, onGitHub)).to.include({ status: 0, stderr: "" });
  });
});
