import type { Command } from "commander";

/** What is said after a command's options. */
export interface HelpText {
  /** Each a command line as it is typed, `$` left out; a line that goes on is broken by hand. */
  examples: string[];
  /** Paragraphs, wrapped to the terminal. */
  notes?: string[];
}

/** What all commands say that ask AWS. */
export const AWS_SETTINGS =
  "AWS credentials and endpoints come from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).";

export function withHelpText(command: Command, { examples, notes = [] }: HelpText): Command {
  return command.addHelpText("after", () => {
    const { helpWidth = 80 } = command.createHelp();
    const columns = command.configureOutput().getOutHelpWidth?.() ?? helpWidth;
    const wrapped = notes.map((note) => command.createHelp().boxWrap(note, columns));
    return ["\nExamples:", ...examples.map((example) => `  $ ${example}`), "", ...wrapped]
      .join("\n")
      .trimEnd();
  });
}
