import { Argument, Command } from "commander";
import { withHelpText } from "../options/arguments";
import { print } from "../terminal/output";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

const HELP = {
  examples: [
    "source <(amplitude-kinesis completion bash)       # in ~/.bashrc",
    "source <(amplitude-kinesis completion zsh)        # in ~/.zshrc, after compinit",
    "amplitude-kinesis completion fish | source        # in ~/.config/fish/config.fish",
  ],
};

export function completionCommand(): Command {
  const command = new Command("completion")
    .description("print a script that completes commands and options in your shell")
    .addArgument(new Argument("<shell>", "shell that runs the script").choices(SHELLS))
    .action((shell: Shell, _flags: unknown, command: Command) => {
      const program = command.parent ?? command;
      print(completionScript(shell, program.name(), commandTree(program)));
    });
  return withHelpText(command, HELP);
}

/** Value of an option or an argument: one of a list, a file, or any other text. */
type Value = "none" | "file" | "text" | string[];

interface CompletedOption {
  /** `--stack`, and its short form if it has one. */
  flags: string[];
  description: string;
  value: Value;
}

interface CompletedCommand {
  name: string;
  description: string;
  options: CompletedOption[];
  /** A file if the argument has no choices. */
  argument: Value;
  /** Names of the commands below it, whose options are among `options`. */
  nested: string[];
}

interface CommandTree {
  global: CompletedOption[];
  commands: CompletedCommand[];
}

/** Returns the commands and options that commander knows, so that the completion is always complete. */
export function commandTree(program: Command): CommandTree {
  const commands = program.commands.filter((command) => !("_hidden" in command && command._hidden === true));
  return { global: optionsOf(program), commands: commands.map(completed) };
}

function completed(command: Command): CompletedCommand {
  const [argument] = command.registeredArguments;
  const options = [command, ...command.commands].flatMap(optionsOf);
  return {
    name: command.name(),
    description: command.description(),
    options: [...new Map(options.map((option) => [option.flags.join(), option])).values()],
    nested: command.commands.map((each) => each.name()),
    argument: argument === undefined ? "none" : (argument.argChoices ?? "file"),
  };
}

/** This tool's options name paths `<file>` and `<folder>`. */
function optionsOf(command: Command): CompletedOption[] {
  const options = command.createHelp().visibleOptions(command);
  return options.map(({ short, long, flags, description, required, optional, argChoices }) => ({
    flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
    description,
    value:
      required || optional
        ? (argChoices ?? (/<(file|folder|dir|path)/i.test(flags) ? "file" : "text"))
        : "none",
  }));
}

/** Returns a script that completes the commands and their options in a shell. */
export function completionScript(shell: Shell, name: string, tree: CommandTree): string {
  return { bash, zsh, fish }[shell](name, tree);
}

const functionName = (name: string) => `_${name.replace(/\W/g, "_")}`;

function choicesOf(value: Value): string[] {
  return typeof value === "string" ? [] : value;
}

function flagsOf(options: CompletedOption[]): string {
  return options.flatMap(({ flags }) => flags).join(" ");
}

/** The script works without the bash-completion package, and with the bash 3.2 of macOS. */
function bash(name: string, { global, commands }: CommandTree): string {
  const complete = functionName(name);
  const values = commands.flatMap(({ name: command, options }) =>
    options.flatMap((option) => bashValues(command, option)),
  );
  const words = commands.map(
    ({ name: command, options, argument, nested }) =>
      `    ${command}) words="${[flagsOf(options), ...nested, ...choicesOf(argument)].join(" ")}" ;;`,
  );
  return `# bash completion for ${name}: source <(${name} completion bash)
${complete}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      ${commands.map((each) => each.name).join("|")}) command="$word"; break ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${values.join("\n")}
  esac
  case "$command" in
${words.join("\n")}
    *) words="${flagsOf(global)} ${commands.map((each) => each.name).join(" ")}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F ${complete} ${name}
`;
}

function bashValues(command: string, { flags, value }: CompletedOption): string[] {
  if (value === "none") return [];
  const patterns = flags.map((flag) => `"${command} ${flag}"`).join("|");
  return [`    ${patterns}) ${bashAction(value)}return ;;`];
}

function bashAction(value: Value): string {
  if (value === "file") return 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); ';
  const choices = choicesOf(value).join(" ");
  return choices === "" ? "" : `COMPREPLY=($(compgen -W "${choices}" -- "$current")); `;
}

function zsh(name: string, { global, commands }: CommandTree): string {
  const complete = functionName(name);
  const cases = commands.map(
    (command) => `    ${command.name})
      _arguments ${[...command.options.flatMap(zshOption), zshArgument(command)].filter((each) => each !== "").join(" \\\n        ")}
      ;;`,
  );
  return `#compdef ${name}
# zsh completion for ${name}: source <(${name} completion zsh), after compinit
${complete}() {
  local -a commands
  commands=(
${commands.map(({ name: command, description }) => `    ${zshWord(`${command}:${description}`)}`).join("\n")}
  )
  local line state
  _arguments -C ${global.flatMap(zshOption).join(" \\\n    ")} \\
    '1: :->command' '*:: :->rest'
  case "$state" in
    command) _describe command commands ;;
    rest)
  case "$line[1]" in
${cases.join("\n")}
  esac ;;
  esac
}
compdef ${complete} ${name}
`;
}

function zshOption({ flags, description, value }: CompletedOption): string[] {
  const text = description.replace(/[[\]:\\]/g, "\\$&");
  const action = value === "file" ? "_files" : value === "text" ? " " : `(${choicesOf(value).join(" ")})`;
  return flags.map((flag) => zshWord(`${flag}[${text}]${value === "none" ? "" : `:value:${action}`}`));
}

function zshArgument({ argument, nested }: CompletedCommand): string {
  if (nested.length > 0)
    return `${zshWord(`1: :_alternative "commands:command:(${nested.join(" ")})" "files:file:_files"`)} '*:file:_files'`;
  if (argument === "none") return "";
  return zshWord(argument === "file" ? "1:file:_files" : `1: :(${choicesOf(argument).join(" ")})`);
}

function zshWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(name: string, { global, commands }: CommandTree): string {
  const named = commands.map((each) => each.name).join(" ");
  const before = `not __fish_seen_subcommand_from ${named}`;
  const lines = [
    `# fish completion for ${name}: ${name} completion fish | source`,
    `complete -c ${name} -f`,
    ...global.map((option) => `complete -c ${name} -n ${fishWord(before)} ${fishOption(option)}`),
  ];
  for (const command of commands) {
    const within = `complete -c ${name} -n ${fishWord(`__fish_seen_subcommand_from ${command.name}`)}`;
    lines.push(
      `complete -c ${name} -n ${fishWord(before)} -a ${command.name} -d ${fishWord(command.description)}`,
      ...command.options.map((option) => `${within} ${fishOption(option)}`),
      ...(command.argument === "file" ? [`${within} -F`] : []),
      ...[choicesOf(command.argument), command.nested]
        .filter((words) => words.length > 0)
        .map((words) => `${within} -a ${fishWord(words.join(" "))}`),
    );
  }
  return `${lines.join("\n")}\n`;
}

function fishOption({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const choices = choicesOf(value).join(" ");
  const action = value === "file" ? " -r -F" : choices === "" ? "" : ` -x -a ${fishWord(choices)}`;
  return `${names.join(" ")}${value === "text" ? " -x" : action} -d ${fishWord(description)}`;
}

function fishWord(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
