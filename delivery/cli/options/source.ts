import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { DeliveryError, SettingsError } from "../../common/errors";
import { MAX_EVENTS } from "../../common/limits";
import type { EventSource } from "../../events/source";
import { duration, integer, positiveNumber } from "./arguments";

/** Options that describe the events to send. */
export interface SourceFlags {
  events?: number;
  seed?: string;
  export?: string;
  rate?: number;
  duration?: number;
}

const DEFAULT_EVENTS = 1_000;

export function withSourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--events <number>", `number of events to generate (default: ${DEFAULT_EVENTS})`)
        .argParser(integer(1, MAX_EVENTS))
        .conflicts("export"),
    )
    .addOption(
      new Option("--seed <seed>", "generate the same events as an earlier run with this seed").conflicts(
        "export",
      ),
    )
    .option(
      "--export <file>",
      "send the events of an Amplitude export (.zip, .json.gz or .json) instead of generated events",
    )
    .option("--rate <number>", "send at a constant rate, in events per second", positiveNumber(100_000))
    .addOption(
      new Option("--duration <time>", "with --rate: generate events for this long, such as 90s, 10m or 2h")
        .argParser(duration)
        .conflicts(["events", "export"]),
    );
}

/** Description of a source that is enough to create the same events again. */
export type SourceDescription = StackOfRun &
  (
    | { kind: "generated"; events: number; seed: string; from: number; rate?: number }
    | { kind: "export"; file: string; rate?: number }
  );

/** Stack whose credentials send the events, if one was named. */
interface StackOfRun {
  stack?: string;
  /** Absolute path of the project. */
  cwd?: string;
}

/**
 * @param now Time of the generated events, in Unix milliseconds.
 * @throws SettingsError if the flags contradict each other.
 */
export function describeSource(flags: SourceFlags & StackOfRun, now: number): SourceDescription {
  const { rate, seed = crypto.randomUUID(), stack, cwd = "" } = flags;
  const paced = {
    ...(rate !== undefined && { rate }),
    ...(stack !== undefined && { stack, cwd: resolve(cwd) }),
  };
  if (flags.export !== undefined) return { kind: "export", file: resolve(flags.export), ...paced };
  return { kind: "generated", events: eventCount(flags), seed, from: now, ...paced };
}

function eventCount({ events = DEFAULT_EVENTS, rate, duration: ms }: SourceFlags): number {
  if (ms === undefined) return events;
  if (rate === undefined) throw new SettingsError("--duration requires --rate, in events per second");
  const count = Math.max(1, Math.round((rate * ms) / 1000));
  if (count <= MAX_EVENTS) return count;
  throw new SettingsError(
    `--rate and --duration make ${count} events, and at most ${MAX_EVENTS} can be sent`,
  );
}

/** @throws DeliveryError if the export can't be read. */
export async function openSource(description: SourceDescription): Promise<EventSource> {
  const { openExport }: typeof import("../../events/export/exportReader") =
    require("../../events/export/exportReader");
  const { generateEvents }: typeof import("../../events/generator/generator") =
    require("../../events/generator/generator");
  if (description.kind === "export") return openExport(description.file);
  const { events, seed, from, rate } = description;
  let created = 0;
  // The time depends only on the event's number, so that the same events can be created again.
  const now = () => new Date(rate === undefined ? from : from + (created++ * 1000) / rate);
  return generateEvents({ events, seed, now });
}

/** Returns the description in a run file. */
export function parseSourceDescription(value: unknown): SourceDescription {
  const isDescription = typeof value === "object" && value !== null && "kind" in value;
  if (isDescription && (value.kind === "generated" || value.kind === "export"))
    return value as SourceDescription;
  throw new DeliveryError(
    "run-file",
    "The run was started by another program, and its file doesn't describe the events. Resume it with that program",
  );
}
