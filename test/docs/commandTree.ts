import type { Command, Option } from "commander";
import { adoptCommand } from "../../delivery/cli/commands/adopt";
import { checkCommand } from "../../delivery/cli/commands/check";
import { completionCommand } from "../../delivery/cli/commands/completion";
import { fleetCommand } from "../../delivery/cli/commands/fleet";
import { handoffCommand } from "../../delivery/cli/commands/handoff";
import { operatorPolicyCommand } from "../../delivery/cli/commands/operatorPolicy";
import { reconcileCommand } from "../../delivery/cli/commands/reconcile";
import { reportCommand } from "../../delivery/cli/commands/report";
import { sendCommand } from "../../delivery/cli/commands/send";
import { verifyCommand } from "../../delivery/cli/commands/verify";
import { watchCommand } from "../../delivery/cli/commands/watch";

/** Every command of `amplitude-kinesis`. A test compares the list with `--help`. */
export const COMMANDS: Command[] = [
  checkCommand(),
  verifyCommand(),
  sendCommand(),
  handoffCommand(),
  watchCommand(),
  reconcileCommand(),
  fleetCommand(),
  reportCommand(),
  adoptCommand(),
  operatorPolicyCommand(),
  completionCommand(),
];

export const commandNames = () => COMMANDS.map((command) => command.name());

/** Returns the options of a command and of the commands below it. */
export function optionsOf(name: string): readonly Option[] {
  const command = COMMANDS.find((command) => command.name() === name);
  const options = [command, ...(command?.commands ?? [])].flatMap((each) => each?.options ?? []);
  return [...new Map(options.map((option) => [option.flags, option])).values()];
}

/** Returns the words after a command that begin with `--` and are not options of it. */
export function unknownFlags(name: string, words: string): string[] {
  const known = new Set([...optionsOf(name).map(({ long }) => long), "--help"]);
  const flags = [...words.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);
  return flags.filter((flag) => !known.has(flag));
}
