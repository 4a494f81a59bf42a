import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readFleetProject, selectStacks } from "../../../delivery/fleet/stacks";

describe("The stacks of a fleet", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "fleet-stacks-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function project(settings: string, ...files: string[]) {
    await writeFile(join(folder, "Pulumi.yaml"), settings);
    for (const file of files) await writeFile(join(folder, file), "config: {}\n");
    return readFleetProject(folder);
  }
  const problem = (promise: Promise<unknown>) =>
    promise.then(
      () => "none",
      (error: Error) => error.message,
    );

  it("are the files Pulumi.NAME.yaml, sorted by name", async () => {
    const read = await project(
      "name: destinations\nruntime: nodejs\n",
      "Pulumi.b.yaml",
      "Pulumi.a-1.eu.yaml",
      "other.yaml",
    );
    expect(read).to.deep.equal({ folder, name: "destinations", stacks: ["a-1.eu", "b"] });
  });

  it("are in the folder that stackConfigDir names", async () => {
    await mkdir(join(folder, "customers"));
    const read = await project(
      "name: x\nstackConfigDir: customers\n",
      "customers/Pulumi.acme.yaml",
      "Pulumi.no.yaml",
    );
    expect(read.stacks).to.deep.equal(["acme"]);
  });

  it("need a project that can be read, and files whose names are stacks", async () => {
    expect(await problem(readFleetProject(folder))).to.match(/^There is no Pulumi.yaml in .*--cwd$/);
    expect(await problem(project("name: [\n"))).to.include("can't be read");
    expect(await problem(project("runtime: nodejs\n"))).to.include("must have a name");
    expect(await problem(project("name: x\nstackConfigDir: nowhere\n"))).to.include("can't be listed");
    expect(await problem(project("name: x\n", "Pulumi.acme copy.yaml"))).to.include(
      "Rename or remove the file",
    );
  });

  it("are rejected if Pulumi would not read their settings, and so use the shell's account", async () => {
    expect(await problem(project("name: x\n", "Pulumi.acme.yml"))).to.match(
      /^Pulumi doesn't read Pulumi\.acme\.yml in .* Rename it to Pulumi\.acme\.yaml/,
    );
  });

  it("are selected by globs, of which each has to match, and by part", () => {
    const fleet = { folder: "/p", stacks: ["acme", "eu-1", "eu-2", "globex"] };
    expect(selectStacks(fleet, {})).to.deep.equal(fleet.stacks);
    expect(selectStacks(fleet, { only: ["eu-*", "g?obex"] })).to.deep.equal(["eu-1", "eu-2", "globex"]);
    expect(selectStacks(fleet, { only: ["acme"] })).to.deep.equal(["acme"]);
    expect(() => selectStacks(fleet, { only: ["eu-*", "e.*"] })).to.throw(
      "--only e.* matches none of 4 stacks in",
    );
    expect(() => selectStacks({ folder: "/p", stacks: [] }, {})).to.throw("There is no customer in /p");
    const parts = [0, 1, 2].map((index) => selectStacks(fleet, { part: { index, count: 3 } }));
    expect(parts.flat().sort()).to.deep.equal(fleet.stacks);
  });
});
