import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { PROJECT } from "../cache";
import { runInProcess } from "../delivery/cli/inProcess";
import { COMMANDS, commandNames } from "./commandTree";
import { readDocument } from "./documents";
import { generatedParts, withGenerated } from "./generated";

describe("The generated parts of the documents", () => {
  for (const document of new Set(generatedParts().map((part) => part.document))) {
    it(`are up to date in ${document} (UPDATE_DOCS=1 rewrites them)`, () => {
      const text = readDocument(document);
      const parts = generatedParts().filter((part) => part.document === document);
      const marked = [...text.matchAll(/<!-- made: (.*) -->/g)].map(([, name]) => name);
      expect(marked.sort()).to.deep.equal(parts.map(({ name }) => name).sort());
      const right = withGenerated(document, text);
      if (process.env.UPDATE_DOCS === "1") writeFileSync(join(PROJECT, document), right);
      else expect(text).to.equal(right);
    });
  }

  it("list every command that --help lists", async () => {
    const { stdout } = await runInProcess(["--help"]);
    const [, commands = ""] = stdout.split("Commands:");
    const listed = [...commands.matchAll(/^ {2}([a-z][\w-]*) /gm)].map(([, name]) => name);
    expect(listed.filter((name) => name !== "help")).to.deep.equal(commandNames());
  });

  it("name every option of every command, and have a row and a section for each command", () => {
    const text = readDocument("docs/commands.md");
    for (const command of COMMANDS) {
      expect(text).to.include(`\n| [\`${command.name()}\`](#${command.name()}) | `);
      expect(text).to.match(new RegExp(`^## ${command.name()}$`, "m"));
      for (const { flags } of command.options)
        expect(text, command.name()).to.include(`\`${flags.replaceAll("|", "\\|")}\``);
    }
  });
});
