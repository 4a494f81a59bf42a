import type { CompletedCommand, CompletedOption, commandTree } from "./commandTree";

type Tree = ReturnType<typeof commandTree>;

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The script that teaches a shell the commands and their options. */
export function completionScript(shell: Shell, name: string, tree: Tree): string {
  return { bash, zsh, fish }[shell](name, tree);
}

const functionName = (name: string) => `_${name.replace(/\W/g, "_")}`;

function flagsOf(options: CompletedOption[]): string {
  return options.flatMap(({ flags }) => flags).join(" ");
}

/** Works without the bash-completion package, and with the bash 3.2 of macOS. */
function bash(name: string, { global, commands }: Tree): string {
  const complete = functionName(name);
  const values = commands.flatMap(({ name: command, options }) =>
    options.flatMap((option) => bashValues(command, option)),
  );
  const words = commands.map(
    ({ name: command, options, argument }) =>
      `    ${command}) words="${flagsOf(options)}${argument.kind === "choice" ? ` ${argument.choices.join(" ")}` : ""}" ;;`,
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
  if (value.kind === "none") return [];
  const patterns = flags.map((flag) => `"${command} ${flag}"`).join("|");
  if (value.kind === "choice")
    return [
      `    ${patterns}) COMPREPLY=($(compgen -W "${value.choices.join(" ")}" -- "$current")); return ;;`,
    ];
  const files =
    value.kind === "file"
      ? 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); '
      : "";
  return [`    ${patterns}) ${files}return ;;`];
}

function zsh(name: string, { global, commands }: Tree): string {
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
  return flags.map((flag) => {
    if (value.kind === "none") return zshWord(`${flag}[${text}]`);
    const action =
      value.kind === "choice" ? `(${value.choices.join(" ")})` : value.kind === "file" ? "_files" : " ";
    return zshWord(`${flag}[${text}]:value:${action}`);
  });
}

function zshArgument({ argument }: CompletedCommand): string {
  if (argument.kind === "choice") return zshWord(`1: :(${argument.choices.join(" ")})`);
  return argument.kind === "file" ? zshWord("1:file:_files") : "";
}

function zshWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fish(name: string, { global, commands }: Tree): string {
  const named = commands.map((each) => each.name).join(" ");
  const before = `not __fish_seen_subcommand_from ${named}`;
  const lines = [
    `# fish completion for ${name}: ${name} completion fish | source`,
    `complete -c ${name} -f`,
    ...global.map((option) => `complete -c ${name} -n ${fishWord(before)} ${fishOption(option)}`),
  ];
  for (const command of commands) {
    const within = `__fish_seen_subcommand_from ${command.name}`;
    lines.push(
      `complete -c ${name} -n ${fishWord(before)} -a ${command.name} -d ${fishWord(command.description)}`,
      ...command.options.map((option) => `complete -c ${name} -n ${fishWord(within)} ${fishOption(option)}`),
    );
    if (command.argument.kind === "choice")
      lines.push(
        `complete -c ${name} -n ${fishWord(within)} -a ${fishWord(command.argument.choices.join(" "))}`,
      );
    if (command.argument.kind === "file") lines.push(`complete -c ${name} -n ${fishWord(within)} -F`);
  }
  return `${lines.join("\n")}\n`;
}

function fishOption({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const action = { none: "", text: " -x", file: " -r -F", choice: "" }[value.kind];
  const choices = value.kind === "choice" ? ` -x -a ${fishWord(value.choices.join(" "))}` : "";
  return `${names.join(" ")}${action}${choices} -d ${fishWord(description)}`;
}

function fishWord(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
