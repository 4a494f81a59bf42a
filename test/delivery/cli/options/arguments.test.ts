import { expect } from "chai";
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
