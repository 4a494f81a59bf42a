import { Argument, Command } from "commander";
import { commandTree } from "../completion/commandTree";
import { completionScript, SHELLS, type Shell } from "../completion/scripts";
import { withHelpText } from "../options/helpText";

const HELP = {
  examples: [
    "source <(amplitude-kinesis completion bash)       # in ~/.bashrc",
    "source <(amplitude-kinesis completion zsh)        # in ~/.zshrc, after compinit",
    "amplitude-kinesis completion fish | source        # in ~/.config/fish/config.fish",
  ],
};

export function completionCommand(): Command {
  const command = new Command("completion")
    .description("print a script that teaches your shell these commands and their options")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action((shell: Shell, _flags: unknown, command: Command) => {
      const program = command.parent ?? command;
      process.stdout.write(completionScript(shell, program.name(), commandTree(program)));
    });
  return withHelpText(command, HELP);
}
