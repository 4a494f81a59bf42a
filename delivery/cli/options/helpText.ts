import type { Command } from "commander";

/** Text that follows a command's options in `--help`. */
export interface HelpText {
  /** Command lines without the leading `$`. A long one is broken by hand. */
  examples: string[];
  /** Paragraphs, wrapped to the terminal. */
  notes?: string[];
}

/** Note for every command that calls AWS. */
export const AWS_SETTINGS =
  "With --stack, AWS is called as the stack's aws: settings say (profile, assumeRoles, endpoints, …). What they leave out, and everything without --stack, comes from the AWS SDK's standard settings (AWS_PROFILE, AWS_ENDPOINT_URL, …).";

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
