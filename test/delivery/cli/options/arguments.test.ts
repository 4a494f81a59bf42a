import { expect } from "chai";
import { Command } from "commander";
import { withPartOption } from "../../../../delivery/cli/options/arguments";
import { COMMANDS } from "../../../docs/commandTree";
import { runInProcess } from "../inProcess";

describe("The value of an option", () => {
  const taking = COMMANDS.flatMap((command) =>
    command.options
      .filter(({ required, optional }) => required || optional)
      .map(({ long }) => [command.name(), String(long)] as const),
  );

  it("must not be empty, for every option of every command, even if a later value is not", async () => {
    expect(taking.length).to.be.greaterThan(60);
    for (const [command, option] of taking) {
      for (const args of [[option, ""], [option, " \t"], [`${option}=`], [option, "", option, "x"]]) {
        const { status, stdout, stderr } = await runInProcess([command, ...args]);
        expect({ status, stdout }, `${command} ${args.join(" ")}`).to.deep.equal({ status: 2, stdout: "" });
        const problem = "has an empty value|argument '\\s*' is invalid";
        expect(stderr).to.match(new RegExp(`^amplitude-kinesis: option '${option} .*' (${problem})`));
      }
    }
  });

  it("must not be another option of the command, which an unset variable without quotes would leave", async () => {
    for (const [command, option] of taking) {
      const other = COMMANDS.find((each) => each.name() === command)?.options.find(
        ({ long }) => long !== option,
      );
      const { status, stderr } = await runInProcess([command, option, String(other?.long)]);
      expect(status, `${command} ${option}`).to.equal(2);
      expect(stderr).to.match(
        new RegExp(`has no value: ${other?.long} follows it|argument '${other?.long}' is`),
      );
    }
  });

  it("may begin with a dash", async () => {
    const { stderr } = await runInProcess([
      "handoff",
      "--role-arn",
      "-x",
      "--region",
      "--y",
      "--stream-name",
      "s",
    ]);
    expect(stderr).to.include('is "-x"').and.to.include('is "--y"');
  });
});

describe("The option --part", () => {
  it("gives the index and the number of parts, or says what is wrong", () => {
    const parsed = (text: string) => {
      const command = withPartOption(new Command().exitOverride(), "the customers");
      let printed = "";
      command.configureOutput({ writeErr: (words) => (printed += words) });
      try {
        return command.parse(["--part", text], { from: "user" }).opts().part;
      } catch {
        return printed;
      }
    };
    expect(parsed("2/4")).to.deep.equal({ index: 1, count: 4 });
    expect(parsed("5/4")).to.equal(
      "error: option '--part <I/N>' argument '5/4' is invalid. It must be I/N, such as 2/4 for the second of four parts, with I from 1 to N and N up to 10000, or auto.\n",
    );
    expect(parsed("auto")).to.include("argument 'auto' is invalid. The environment names no part. ");
  });
});
