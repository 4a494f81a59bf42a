import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { expect } from "chai";

describe("The compiler of the project's TypeScript", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "typescript-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function loadersOf(file: string, code: string): string {
    mkdirSync(join(folder, "node_modules", "package"), { recursive: true });
    writeFileSync(join(folder, file), code);
    return createRequire(join(folder, "main.js"))(join(folder, file)).stack;
  }

  it("compiles sources, and leaves the packages to Node", () => {
    const tsx = `${sep}tsx${sep}dist${sep}`;
    expect(loadersOf("source.ts", 'export const { stack }: Error = new Error("loaded");')).to.include(tsx);
    const ofPackage = join("node_modules", "package", "index.js");
    expect(loadersOf(ofPackage, 'exports.stack = new Error("loaded").stack;')).not.to.include(tsx);
  });
});
