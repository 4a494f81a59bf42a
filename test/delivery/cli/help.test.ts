import { expect } from "chai";
import { runInProcess } from "./inProcess";

describe("Help", () => {
  const names = async () => {
    const { stdout } = await runInProcess(["--help"]);
    const [, commands = ""] = stdout.split("Commands:");
    return [...commands.matchAll(/^ {2}([a-z][\w-]*) /gm)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "help");
  };

  it("lists every command", async () => {
    expect(await names()).to.include.members(["check", "verify", "handoff", "operator-policy", "completion"]);
  });

  it("has examples for every command, each of that command", async () => {
    for (const name of await names()) {
      const { stdout, status } = await runInProcess([name, "--help"]);
      expect(status, name).to.equal(0);
      const [, examples = ""] = stdout.split("Examples:");
      expect(examples, name).to.include(`amplitude-kinesis ${name}`);
    }
  });
});
