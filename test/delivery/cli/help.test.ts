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

  it("has examples of the command for every command", async () => {
    for (const name of await names()) {
      const { stdout, status } = await runInProcess([name, "--help"]);
      expect(status, name).to.equal(0);
      const [, examples = ""] = stdout.split("Examples:");
      expect(examples, name).to.include(`amplitude-kinesis ${name}`);
    }
  });

  it("states the exit statuses of every command that calls AWS, including Ctrl-C's", async () => {
    for (const name of ["check", "verify", "send", "watch"]) {
      const { stdout } = await runInProcess([name, "--help"]);
      expect(stdout.replace(/\s+/g, " "), name).to.match(
        /Exit status: 0 .* 1 .* 2 wrong usage.* 3 .* 130 ended/,
      );
    }
  });

  it("fits narrow and wide terminals, except for examples to copy", async () => {
    const { columns, isTTY } = process.stdout;
    try {
      for (const width of [60, 80, 140]) {
        Object.assign(process.stdout, { isTTY: true, columns: width });
        for (const name of await names()) {
          const { stdout } = await runInProcess([name, "--help"]);
          const [before = "", after = ""] = stdout.split("Examples:");
          const lines = [...before.split("\n"), ...(after.split("\n\n")[1] ?? "").split("\n")];
          const long = lines.filter((line) => line.length > width && !/^ *\S+$/.test(line));
          expect(long, `${name} at ${width}`).to.deep.equal([]);
        }
      }
    } finally {
      Object.assign(process.stdout, { isTTY, columns });
    }
  });
});
