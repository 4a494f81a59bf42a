import { type Command, InvalidArgumentError, Option } from "commander";
import { messageOf } from "../../common/errors";
import { parsePart } from "../../common/part";

/**
 * Makes an option without a real value a usage error: empty text, which a shell variable that isn't set leaves, or another
 * option, which such a variable leaves without quotes. Otherwise the command would act on a default.
 */
export function rejectEmptyValues(command: Command): Command {
  for (const option of command.options.filter(({ required, optional }) => required || optional)) {
    // Commander emits each value, even of an option that is repeated.
    command.on(`option:${option.name()}`, (value: string) => {
      const problem = `error: option '${option.flags}' has`;
      if (value.trim() === "") command.error(`${problem} an empty value. Give it a value, or leave it out`);
      if (command.options.some(({ short, long }) => value === short || value === long))
        command.error(`${problem} no value: ${value} follows it`);
    });
  }
  return command;
}

/** Adds the value of an option that may be repeated. */
export function collected(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** Parses an integer within bounds. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be an integer from ${min} to ${max}.`);
  };
}

/** Parses the id of an AWS account. */
export function accountId(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new InvalidArgumentError("It must be 12 digits.");
}

/** Adds the options whose values are `ReportFlags`. @param prefix Start of their descriptions. */
export function withReportOptions(command: Command, prefix = ""): Command {
  return command
    .option("--json", `${prefix}print the report as one JSON document on standard output`)
    .option(
      "--report <folder>",
      `${prefix}also write report.html, report.xml (JUnit), report.md and report.json to this folder`,
    )
    .addOption(fileModeOption());
}

/** Creates the option for the permissions of report files. `writeReports` has the default. */
export function fileModeOption(): Option {
  return new Option(
    "--file-mode <mode>",
    "permissions of the report files, such as 644 (default: 600)",
  ).argParser((text) => {
    if (/^0?6[0-7]{2}$/.test(text)) return Number.parseInt(text, 8);
    throw new InvalidArgumentError("It must be octal permissions that include yours, such as 644.");
  });
}

/**
 * Adds `--part`, whose value is a `Part`.
 *
 * @param divided What the parts divide, such as `the customers`.
 */
export function withPartOption(command: Command, divided: string): Command {
  return command.addOption(
    new Option(
      "--part <I/N>",
      `one of N parts of ${divided}, such as 1/4, or auto: from a Kubernetes Indexed Job or an AWS Batch array job`,
    ).argParser((text) => {
      try {
        return parsePart(text, process.env);
      } catch (error) {
        throw new InvalidArgumentError(messageOf(error));
      }
    }),
  );
}

/** Parses a number above 0. */
export function positiveNumber(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && number > 0 && number <= max) return number;
    throw new InvalidArgumentError(`It must be a number above 0, up to ${max}.`);
  };
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses a duration to milliseconds: a number with a unit, or a number of seconds. */
export function duration(text: string): number {
  const [, number = "", unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit] ?? Number.NaN);
  if (number !== "" && ms > 0 && ms <= 366 * 86_400_000) return ms;
  throw new InvalidArgumentError("It must be a duration of up to a year, such as 90s, 10m, 2h or 1d.");
}

/** Note for every command that calls AWS. */
export const AWS_SETTINGS =
  "With --stack, AWS is called as the stack's aws: settings say (profile, assumeRoles, endpoints, …). What they leave out, and everything without --stack, comes from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).";

/**
 * Adds text after the command's options in `--help`.
 *
 * @param help Command lines without the leading `$`, and paragraphs, which are wrapped to the terminal.
 */
export function withHelpText(
  command: Command,
  { examples, notes = [] }: { examples: string[]; notes?: string[] },
): Command {
  return command.addHelpText("after", () => {
    const { helpWidth = 80 } = command.createHelp();
    const columns = command.configureOutput().getOutHelpWidth?.() ?? helpWidth;
    const wrapped = notes.map((note) => command.createHelp().boxWrap(note, columns));
    return ["\nExamples:", ...examples.map((example) => `  $ ${example}`), "", ...wrapped]
      .join("\n")
      .trimEnd();
  });
}
