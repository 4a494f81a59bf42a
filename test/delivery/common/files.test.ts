import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeFolder } from "../../../delivery/common/files";
import { skip } from "../../skip";

describe("A folder that is needed", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "folder-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is created with its parents, with the permissions that are asked for", () => {
    makeFolder(join(root, "a", "b", "c"), 0o700);
    expect(statSync(join(root, "a")).mode & 0o777).to.equal(0o700);
    expect(statSync(join(root, "a", "b", "c")).mode & 0o777).to.equal(0o700);
  });

  it("may exist, also as a link", () => {
    mkdirSync(join(root, "a"));
    symlinkSync("a", join(root, "link"));
    makeFolder(join(root, "a"));
    makeFolder(join(root, "link", "b"));
    expect(existsSync(join(root, "a", "b"))).to.equal(true);
  });

  it("can't be a file, be inside one, or be a link to nothing", () => {
    writeFileSync(join(root, "file"), "");
    symlinkSync("nothing", join(root, "link"));
    expect(() => makeFolder(join(root, "file"))).to.throw(/EEXIST/);
    expect(() => makeFolder(join(root, "file", "a", "b"))).to.throw(/ENOTDIR/);
    expect(() => makeFolder(join(root, "link"))).to.throw(/EEXIST/);
    expect(() => makeFolder(join(root, "link", "a"))).to.throw(/EEXIST/);
  });

  it("can't be where the file system takes no folders, which is found at once", function () {
    if (!existsSync("/proc/self")) skip(this, "this system has no /proc");
    expect(() => makeFolder("/proc/x")).to.throw(/ENOENT/);
    expect(() => makeFolder("/proc/x/y")).to.throw(/ENOENT/);
  });
});
