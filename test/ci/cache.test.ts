import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { expect } from "chai";
import { PROJECT, shared } from "../cache";

describe("The cache of what test files share", () => {
  let folder: string;
  let cache: string;
  let source: string;
  let made: number;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cache "));
    cache = join(folder, "cache");
    source = join(folder, "source");
    made = 0;
    await writeFile(source, "first");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const make = async (result: string) => {
    made += 1;
    await writeFile(join(result, "content"), readFileSync(source));
  };
  const get = (maker = make) => shared("thing", [relative(PROJECT, source)], maker, cache);
  const content = (result: string) => readFileSync(join(result, "content"), "utf8");

  it("makes a folder once for two that want it at the same time, and leaves nothing else", async () => {
    const [one, other] = await Promise.all([get(), get()]);
    expect(one).to.equal(other);
    expect(content(one)).to.equal("first");
    expect(made).to.equal(1);
    expect(await readdir(cache)).to.deep.equal([basename(one)]);
  });

  it("makes another folder for a changed source, and keeps the one that somebody may still use", async () => {
    const first = await get();
    await writeFile(source, "second");
    expect(content(await get())).to.equal("second");
    expect(content(first)).to.equal("first");
  });

  it("removes what nobody has used for an hour, except under another name", async () => {
    const first = await get();
    const otherName = join(cache, "other-1");
    await mkdir(otherName);
    const before = new Date(Date.now() - 3_601_000);
    for (const path of [first, otherName]) await utimes(path, before, before);
    await writeFile(source, "second");
    await get();
    expect(existsSync(first)).to.equal(false);
    expect(existsSync(otherName)).to.equal(true);
  });

  it("does not wait for a process that was killed while it made the folder", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    const result = await get();
    await rm(result, { recursive: true });
    await symlink(String(pid), `${result}.lock`);
    expect(content(await get())).to.equal("first");
    expect(await readdir(cache)).to.deep.equal([basename(result)]);
  });

  it("lets the next one try if making the folder fails", async () => {
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const failing = get(async () => {
      begin();
      throw new Error("no space");
    }).catch((error: Error) => error.message);
    await begun;
    const next = get();
    expect(await failing).to.equal("no space");
    expect(content(await next)).to.equal("first");
  });

  it("fails if the cache can't be written to", async () => {
    await writeFile(cache, "a file");
    expect(await get().catch((error: { code: string }) => error.code)).to.equal("EEXIST");
    expect(made).to.equal(0);
  });
});
