import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { ENTRY } from "./commandLine";

/** Prints the loaded packages when the process ends. */
const LISTING = `process.on("exit", () => {
  const names = Object.keys(require.cache).map((file) => /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(file)?.[1]);
  console.error("loaded: " + [...new Set(names.filter(Boolean))].join(" "));
});`;

async function loadedBy(...args: string[]): Promise<string[]> {
  const script = `${LISTING} require(${JSON.stringify(ENTRY)})`;
  const { stderr } = await promisify(execFile)(process.execPath, ["-e", script, "--", "command", ...args]);
  return /^loaded: (.*)$/m.exec(stderr)?.[1]?.split(" ") ?? [];
}

const SLOW = /^(@aws-sdk|@smithy|hdr-histogram-js|ajv|yauzl|cli-progress|@amplitude|@pulumi|yaml)/;

describe("The command's start", () => {
  for (const args of [
    ["--version"],
    ["--help"],
    ["verify", "--help"],
    ["fleet", "--help"],
    ["completion", "bash"],
  ]) {
    it(`loads neither the AWS SDK nor the dependencies of a run for ${args.join(" ")}`, async () => {
      const loaded = await loadedBy(...args);
      expect(loaded).to.include("commander");
      expect(loaded.filter((name) => SLOW.test(name))).to.deep.equal([]);
    });
  }
});
