import { Command, CommanderError } from "commander";
import { describeError } from "../aws/errors";
import { DeliveryError } from "../common/errors";
import { VERSION } from "../common/limits";
import { redactSecrets, registerEnvironment } from "../common/redactSecrets";
import { adoptCommand } from "./commands/adopt";
import { checkCommand } from "./commands/check";
import { completionCommand } from "./commands/completion";
import { fleetCommand } from "./commands/fleet";
import { handoffCommand } from "./commands/handoff";
import { operatorPolicyCommand } from "./commands/operatorPolicy";
import { reconcileCommand } from "./commands/reconcile";
import { reportCommand } from "./commands/report";
import { sendCommand } from "./commands/send";
import { verifyCommand } from "./commands/verify";
import { watchCommand } from "./commands/watch";
import { rejectEmptyValues } from "./options/arguments";
import { Interrupted } from "./terminal/interruption";
import { EXIT_CODES, EXIT_USAGE, printMessage, printProblem } from "./terminal/output";

/** Commands in the order in which people use them. */
const COMMANDS = [
  checkCommand,
  verifyCommand,
  sendCommand,
  handoffCommand,
  watchCommand,
  reconcileCommand,
  fleetCommand,
  reportCommand,
  adoptCommand,
  operatorPolicyCommand,
  completionCommand,
];

/** Runs the command line and sets `process.exitCode`. */
export async function main(argv: string[]): Promise<void> {
  registerEnvironment(process.env);
  redactPrinted();
  const program = new Command("amplitude-kinesis")
    .description("Proves that Amplitude's events arrive in a customer's Kinesis data stream")
    .version(VERSION)
    .option("--debug", "print stack traces (valid anywhere on the command line)")
    .showHelpAfterError("(Run with --help for the commands, and COMMAND --help for its options)")
    // Keeps descriptions next to their options, and within narrow terminals, down to this width of the description.
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({ outputError: (text) => printProblem(text.replace(/^error: /, "")) })
    .exitOverride();
  for (const create of COMMANDS) {
    const command = create().copyInheritedSettings(program);
    for (const nested of command.commands) rejectEmptyValues(nested.copyInheritedSettings(command));
    program.addCommand(rejectEmptyValues(command));
  }
  surviveClosedPipes();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = reportError(error, program.opts().debug === true);
  }
}

/** Redacts known credentials in everything that is printed, whoever prints it. */
function redactPrinted(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]) =>
      write(typeof chunk === "string" ? redactSecrets(chunk) : chunk, ...rest);
  }
}

/**
 * Keeps the run's exit status if the reader closes the pipe. Any other write error hides the verdict from the reader, so
 * the exit status becomes undecided.
 */
function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") return;
      process.exitCode = EXIT_CODES.undecided;
      if (stream === process.stdout) {
        printProblem(`the output can't be written: ${error.message}`);
      }
    });
  }
}

/** Prints an error and returns the exit status. */
function reportError(error: unknown, debug: boolean): number {
  // Commander has already printed its message, the help or the version.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof Interrupted) {
    printProblem(error.message);
    // Requests in flight would keep the process alive.
    process.exit(error.exitCode);
  }
  printProblem(error instanceof DeliveryError ? error.message : unexpected(error));
  if (debug && error instanceof Error) printMessage(`${error.stack}\n${error.cause ?? ""}`);
  return error instanceof DeliveryError ? EXIT_USAGE : EXIT_CODES.undecided;
}

function unexpected(error: unknown): string {
  return `unexpected error: ${describeError(error)}. There is no verdict. Run again with --debug for a stack trace`;
}
