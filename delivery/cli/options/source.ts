import { type Command, Option } from "commander";
import { MAX_EVENTS } from "../../common/limits";
import { duration, positiveNumber, wholeNumber } from "./arguments";

/** The options that say which events are sent. */
export interface SourceFlags {
  events?: number;
  seed?: string;
  export?: string;
  rate?: number;
  duration?: number;
}

export const DEFAULT_EVENTS = 1_000;

export function withSourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--events <number>", `how many events to generate (default: ${DEFAULT_EVENTS})`)
        .argParser(wholeNumber(1, MAX_EVENTS))
        .conflicts("export"),
    )
    .addOption(new Option("--seed <seed>", "generate the same events again").conflicts("export"))
    .option("--export <file>", "send the events of an Amplitude export instead: .zip, .json.gz or .json")
    .option("--rate <number>", "send so many events a second, steadily", positiveNumber(100_000))
    .addOption(
      new Option("--duration <time>", "with --rate: generate events for so long, such as 90s, 10m or 2h")
        .argParser(duration)
        .conflicts(["events", "export"]),
    );
}
