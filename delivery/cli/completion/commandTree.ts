import type { Command } from "commander";

/** What may follow an option. */
export type OptionValue =
  | { kind: "none" }
  | { kind: "choice"; choices: string[] }
  | { kind: "file" }
  | { kind: "text" };

export interface CompletedOption {
  /** `--stack`; also its short form, where it has one. */
  flags: string[];
  description: string;
  value: OptionValue;
}

export interface CompletedCommand {
  name: string;
  description: string;
  options: CompletedOption[];
  /** What its argument may be; a file where it is free and named so. */
  argument: OptionValue;
}

/** The commands as commander knows them, so that a completion can't tell of others. */
export function commandTree(program: Command): { global: CompletedOption[]; commands: CompletedCommand[] } {
  const commands = program.commands.filter((command) => !("_hidden" in command && command._hidden === true));
  return { global: optionsOf(program), commands: commands.map(completed) };
}

function completed(command: Command): CompletedCommand {
  const [argument] = command.registeredArguments;
  return {
    name: command.name(),
    description: command.description(),
    options: optionsOf(command),
    argument:
      argument === undefined
        ? { kind: "none" }
        : argument.argChoices
          ? { kind: "choice", choices: [...argument.argChoices] }
          : { kind: "file" },
  };
}

function optionsOf(command: Command): CompletedOption[] {
  const help = command.createHelp();
  return help.visibleOptions(command).map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    value: followingOf(option),
  }));
}

/** `<file>` and `<folder>` are how this tool's options name paths. */
function followingOf(option: {
  flags: string;
  argChoices?: string[] | undefined;
  required: boolean;
  optional: boolean;
}): OptionValue {
  if (!option.required && !option.optional) return { kind: "none" };
  if (option.argChoices) return { kind: "choice", choices: [...option.argChoices] };
  return /<(file|folder|dir|path)/i.test(option.flags) ? { kind: "file" } : { kind: "text" };
}
