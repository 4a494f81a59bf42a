import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../../cache";

describe("The compiler of the project's TypeScript", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "typescript-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Loads a file in a process that has loaded nothing else, and returns the calls that loaded it. */
  function callsThatLoad(file: string, code: string): string {
    mkdirSync(join(folder, "node_modules", "package"), { recursive: true });
    writeFileSync(join(folder, file), code);
    const compiler = join(PROJECT, "sandbox", "process", "typescript.cjs");
    const script = `process.stdout.write(require(${JSON.stringify(join(folder, file))}).stack)`;
    return execFileSync(process.execPath, ["--require", compiler, "--eval", script], {
      encoding: "utf8",
      env: {},
    });
  }

  it("compiles sources, and leaves the packages to Node", () => {
    const tsx = `${sep}tsx${sep}dist${sep}`;
    const calls = callsThatLoad("source.ts", 'export const { stack }: Error = new Error("loaded");');
    expect(calls.includes(tsx), calls).to.equal(true);
    const ofPackage = join("node_modules", "package", "index.js");
    const callsOfPackage = callsThatLoad(ofPackage, 'exports.stack = new Error("loaded").stack;');
    expect(callsOfPackage.includes(tsx), callsOfPackage).to.equal(false);
    expect(callsOfPackage).to.include("loaded");
  });
});
