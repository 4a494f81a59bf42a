import { join } from "node:path";
import { expect } from "chai";
import { Application, LogLevel, TSConfigReader, TypeDocReader } from "typedoc";
import { PROJECT } from "../cache";

describe("the API reference", () => {
  it("documents every export, and has no broken link", async () => {
    const readers = [new TypeDocReader(), new TSConfigReader()];
    const options = join(PROJECT, "typedoc.json");
    const app = await Application.bootstrapWithPlugins(
      { options, tsconfig: join(PROJECT, "tsconfig.json"), skipErrorChecking: true },
      readers,
    );
    const said: string[] = [];
    app.logger.log = (message, level) => {
      if (level >= LogLevel.Warn) said.push(message);
    };
    const project = await app.convert();
    if (project === undefined) throw new Error(said.join("\n"));
    app.validate(project);
    expect(said).to.deep.equal([]);
    expect(project.children?.map(({ name }) => name)).to.deep.equal(["components", "delivery"]);
  });
});
