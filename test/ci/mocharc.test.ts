import { globSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../cache";

const CONFIGURATION = join(PROJECT, ".mocharc.cjs");

/** Returns Mocha's configuration for a shard and a command line. */
function configurationOf(
  shard: string | undefined,
  ...words: string[]
): { spec: string[]; extension: string[] } {
  const { argv, env } = process;
  process.argv = [process.execPath, "mocha", ...words];
  process.env = { ...env };
  delete process.env.TEST_SHARD;
  if (shard !== undefined) process.env.TEST_SHARD = shard;
  delete require.cache[CONFIGURATION];
  try {
    return require(CONFIGURATION);
  } finally {
    delete require.cache[CONFIGURATION];
    process.argv = argv;
    process.env = env;
  }
}

/** Returns the files that Mocha would run. */
const specOf = (shard: string | undefined, ...words: string[]) => configurationOf(shard, ...words).spec;

describe("Mocha's configuration", () => {
  const all = globSync("test/**/*.test.ts", { cwd: PROJECT }).sort();

  it("runs every test file, and those that take longest first", () => {
    expect(specOf(undefined).sort()).to.deep.equal(all);
    expect(specOf(undefined)[0]).to.include("sandbox/command");
  });

  it("takes no helper of a named folder for a test file, which would fail because it has no tests", () => {
    const { extension } = configurationOf(undefined);
    const files = globSync("test/**/*.ts", { cwd: PROJECT });
    const taken = files.filter((file) => extension.some((end) => file.endsWith(`.${end}`)));
    expect(taken.sort()).to.deep.equal(all);
  });

  it("gives each test file to exactly one shard", () => {
    const shards = ["1/3", "2/3", "3/3"].map((shard) => specOf(shard));
    expect(shards.flat().sort()).to.deep.equal(all);
    for (const shard of shards) expect(shard.length).to.be.closeTo(all.length / 3, 1);
  });

  it("rejects a shard that does not exist", () => {
    const { exit } = process;
    const { error } = console;
    const printed: string[] = [];
    process.exit = (status) => {
      throw new Error(`exit ${status}`);
    };
    console.error = (line: string) => printed.push(line);
    try {
      const faulty = ["0/3", "4/3", "1", "a/b", "1.5/3", "1/3/5"];
      for (const shard of faulty) expect(() => specOf(shard), shard).to.throw("exit 2");
      const hint = "expected I/N with 1 <= I <= N, such as 1/3";
      expect(printed).to.deep.equal(faulty.map((shard) => `TEST_SHARD is "${shard}"; ${hint}`));
    } finally {
      process.exit = exit;
      console.error = error;
    }
  });

  it("runs only the files and folders that the command line names, but all that --ignore leaves", () => {
    for (const named of ["test/ci/mocharc.test.ts", "test/ci", "./test/ci/", "test/c*"]) {
      expect(specOf(undefined, named), named).to.deep.equal([]);
    }
    for (const words of [["--ignore", "**/*.integration.test.ts"], ["--ignore=**/*.integration.test.ts"]]) {
      expect(specOf(undefined, ...words)).to.have.length(all.length);
    }
  });
});
