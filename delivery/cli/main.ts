import { Command, CommanderError } from "commander";
import { describeError } from "../aws/errors";
import { DeliveryError } from "../common/errors";
import { VERSION } from "../common/version";
import { checkCommand } from "./commands/check";
import { completionCommand } from "./commands/completion";
import { handoffCommand } from "./commands/handoff";
import { operatorPolicyCommand } from "./commands/operatorPolicy";
import { reportCommand } from "./commands/report";
import { sendCommand } from "./commands/send";
import { verifyCommand } from "./commands/verify";
import { watchCommand } from "./commands/watch";
import { EXIT_CODES, EXIT_USAGE } from "./exitCodes";
import { Interrupted } from "./terminal/interruption";

/** In the order of their use. */
const COMMANDS = [
  checkCommand,
  verifyCommand,
  sendCommand,
  handoffCommand,
  watchCommand,
  reportCommand,
  operatorPolicyCommand,
  completionCommand,
];

/** Runs the command line, and leaves the exit status in `process.exitCode`. */
export async function main(argv: string[]): Promise<void> {
  const program = new Command("amplitude-kinesis")
    .description("Proves that a customer's Kinesis data stream takes Amplitude's events")
    .version(VERSION)
    .option("--debug", "print stack traces; anywhere on the line")
    .showHelpAfterError("(--help shows the commands, and after a command its options)")
    // Descriptions stand beside their options down to so many columns of their own; below that they'd run over the edge.
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "amplitude-kinesis: ")) })
    .exitOverride();
  for (const command of COMMANDS) program.addCommand(command().copyInheritedSettings(program));
  surviveClosedPipes();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = reportError(error, program.opts().debug === true);
  }
}

/**
 * A reader that goes away is no failure of the run, whose exit status stands; an output that can't be written leaves
 * the verdict unknown to whoever reads it.
 */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.exitCode = EXIT_CODES.undecided;
      if (stream === process.stdout) {
        process.stderr.write(`amplitude-kinesis: the output can't be written: ${error.message}\n`);
      }
    });
  }
}

/** @returns the exit status. */
function reportError(error: unknown, debug: boolean): number {
  // Commander has printed its own message by now, and help or version on request.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof Interrupted) {
    process.stderr.write(`amplitude-kinesis: ${error.message}\n`);
    // What still waits for an answer would keep the process for as long as it waits.
    process.exit(error.exitCode);
  }
  const message = error instanceof DeliveryError ? error.message : unexpected(error);
  process.stderr.write(`amplitude-kinesis: ${message}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n${error.cause ?? ""}\n`);
  return error instanceof DeliveryError ? EXIT_USAGE : EXIT_CODES.undecided;
}

function unexpected(error: unknown): string {
  return `unexpected: ${describeError(error)}. --debug before the command's name shows where; nothing is decided about the delivery`;
}
