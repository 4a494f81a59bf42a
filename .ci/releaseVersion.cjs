/**
 * Compares a release's tag with every file that holds the version, and prints the changelog's section of the release:
 *
 *     node .ci/releaseVersion.cjs v1.2.3 > notes.md
 *
 * The test suite holds the command, the schema, the examples and the template to the version in package.json.
 */
const { readFileSync } = require("node:fs");

const read = (path) => readFileSync(path, "utf8");
const { version, repository } = JSON.parse(read("package.json"));

/** The changelog's topmost section that is not `[Unreleased]`. */
function topmostRelease() {
  const sections = read("CHANGELOG.md").split(/^## /m).slice(1);
  const section = sections.find((text) => !text.startsWith("[Unreleased]")) ?? "";
  const [, released, notes = ""] = /^\[(.+?)\] - \d{4}-\d\d-\d\d\n([\s\S]*)$/.exec(section) ?? [];
  return { released, notes: notes.trim() };
}

/** One sentence per mismatch, each with what to do about it. */
function mismatches(tag, { released, notes }) {
  if (!/^v\d+\.\d+\.\d+$/.test(tag)) {
    return [`The tag "${tag}" is not a release's. Name it vMAJOR.MINOR.PATCH.`];
  }
  const held = {
    "package.json": version,
    "package-lock.json": JSON.parse(read("package-lock.json")).version,
    "components/package.json": JSON.parse(read("components/package.json")).version,
  };
  const found = Object.entries(held)
    .filter(([, each]) => `v${each}` !== tag)
    .map(([path, each]) => `${path} has version ${each}, but the tag is ${tag}. Set the version.`);
  if (`v${released}` !== tag) {
    const heading = `## [${tag.slice(1)}] - YYYY-MM-DD`;
    found.push(`CHANGELOG.md's topmost release is ${released ?? "missing"}. Head its entries "${heading}".`);
  } else if (notes === "") found.push(`CHANGELOG.md has no entries for ${tag}. Write what changed.`);
  const publisher = process.env.GITHUB_REPOSITORY;
  if (publisher !== undefined && !repository?.url?.endsWith(`github.com/${publisher}.git`)) {
    const url = `git+https://github.com/${publisher}.git`;
    found.push(
      `npm rejects provenance from a repository that package.json doesn't name. Set repository.url to ${url}.`,
    );
  }
  return found;
}

const [tag = ""] = process.argv.slice(2);
const release = topmostRelease();
const found = mismatches(tag, release);
for (const sentence of found) console.error(sentence);
if (found.length > 0) process.exitCode = 1;
else console.log(release.notes);
