import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { makeRunFolder, removeRunFolder, UnwritableFolderError } from "../../../sandbox/process/runFolder";
import { TYPESCRIPT } from "../../processes";

const SENTENCE =
  /^sandbox: can't write to \S+ \(.*\), the only folder that the sandbox writes to\. Make it writable, .*\.\n$/;

describe("the folder of a run", () => {
  let place: string;
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), "run-folder-"));
  });
  afterEach(() => rm(place, { recursive: true }));

  /** Runs Node to its end. */
  const node = (...args: string[]) =>
    new Promise<{ status: unknown; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, args, (_error, _stdout, stderr) =>
        resolve({ status: child.exitCode, stderr }),
      );
    });

  it("is new, and is created and removed as a whole", async () => {
    const root = join(place, "root");
    const folder = makeRunFolder(root);
    await writeFile(join(folder, "file"), "");
    removeRunFolder(folder);
    expect(await readdir(root)).to.deep.equal([]);
  });

  for (const [what, root] of [
    ["a file is in its place", "file"],
    ["a file is in its parent's place", "file/root"],
  ] as const) {
    it(`can't be created if ${what}, and the message says what to do`, async () => {
      await writeFile(join(place, "file"), "");
      expect(() => makeRunFolder(join(place, root)))
        .to.throw(UnwritableFolderError)
        .with.property("message")
        .that.includes(join(place, root));
    });
  }

  it("makes the command exit 2 with only that message", async () => {
    await writeFile(join(place, "root"), "");
    const main = JSON.stringify(require.resolve("../../../sandbox/main"));
    const code = `require(${main}).main(["node", "sandbox"], ${JSON.stringify(join(place, "root"))})`;
    const { status, stderr } = await node("-r", TYPESCRIPT, "-e", code);
    expect(stderr).to.match(SENTENCE);
    expect(status).to.equal(2);
  });

  it("also does so if the compiler's folder can't be created", async () => {
    await mkdir(join(place, "sandbox"));
    const start = join(place, "sandbox", "start.cjs");
    await copyFile(require.resolve("../../../sandbox/start.cjs"), start);
    await writeFile(join(place, ".sandbox"), "");
    const { status, stderr } = await node(start);
    expect(stderr).to.match(SENTENCE).and.to.include(join(place, ".sandbox"));
    expect(status).to.equal(2);
  });
});
