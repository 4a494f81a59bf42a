import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { DeliveryError, SettingsError } from "../../common/errors";
import { MAX_EVENTS } from "../../common/limits";
import { type Part, partText } from "../../common/part";
import { type EventSource, partOf } from "../../events/source";
import { duration, integer, positiveNumber } from "./arguments";

/** Options that describe the events to send. */
export interface SourceFlags {
  events?: number;
  seed?: string;
  export?: string;
  rate?: number;
  duration?: number;
  /** Part of the run. The other flags are those of the whole run. */
  part?: Part;
}

const DEFAULT_EVENTS = 1_000;
/** Highest rate of one process, in events per second. */
const MAX_RATE = 100_000;
/** Highest rate of all parts together. */
const MAX_RATE_OF_PARTS = 10_000_000;

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
    .option(
      "--rate <number>",
      "send at a constant rate, in events per second",
      positiveNumber(MAX_RATE_OF_PARTS),
    )
    .addOption(
      new Option("--duration <time>", "with --rate: generate events for this long, such as 90s, 10m or 2h")
        .argParser(duration)
        .conflicts(["events", "export"]),
    );
}

/** Description of a source that is enough to create the same events again. */
export type SourceDescription = StackOfRun &
  (
    | { kind: "generated"; events: number; seed: string; from: number; rate?: number; projectId?: number }
    | { kind: "export"; file: string; rate?: number; part?: Part }
  );

/** Stack whose credentials send the events, if one was named. */
interface StackOfRun {
  stack?: string;
  /** Absolute path of the project. */
  cwd?: string;
}

/**
 * Describes the source of a run, or of one part of it. A part has an equal share of the events and of the rate. Generated
 * events of a part have a seed derived from that of the run, and of an export it takes every N-th event.
 *
 * @param now Time of the generated events, in Unix milliseconds.
 * @param projectId Project of the generated events: one that the stream's guard expects, so that they don't raise its alarm.
 * @throws SettingsError if the flags contradict each other, or if the part would have no event.
 */
export function describeSource(
  flags: SourceFlags & StackOfRun,
  now: number,
  projectId?: number,
): SourceDescription {
  const { part, rate, seed = crypto.randomUUID(), stack, cwd = "" } = flags;
  const paced = {
    ...(rate !== undefined && { rate: checkedRate(rate / (part?.count ?? 1), part) }),
    ...(stack !== undefined && { stack, cwd: resolve(cwd) }),
  };
  if (flags.export !== undefined)
    return { kind: "export", file: resolve(flags.export), ...paced, ...(part && { part }) };
  const all = eventCount(flags);
  const generated = { kind: "generated" as const, from: now, ...paced, ...(projectId && { projectId }) };
  if (part === undefined) return { ...generated, events: all, seed };
  const { index, count } = part;
  const events = Math.floor((all - index + count - 1) / count);
  if (events < 1)
    throw new SettingsError(
      `Part ${partText(part)} has no event, because the run has ${all}. Use at most as many parts as events`,
    );
  return { ...generated, events, seed: `${seed} part ${partText(part)}` };
}

function checkedRate(rate: number, part: Part | undefined): number {
  if (rate <= MAX_RATE) return rate;
  const whose = part === undefined ? "--rate is" : `Part ${partText(part)} of --rate is`;
  throw new SettingsError(
    `${whose} ${rate} events/s, and one process sends at most ${MAX_RATE}. Lower it, or divide the run into ${part === undefined ? "" : "more "}parts with --part`,
  );
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
  if (description.kind === "export") {
    const source = await openExport(description.file);
    return description.part === undefined ? source : partOf(source, description.part);
  }
  const { events, seed, from, rate, projectId } = description;
  let created = 0;
  // The time depends only on the event's number, so that the same events can be created again.
  const now = () => new Date(rate === undefined ? from : from + (created++ * 1000) / rate);
  return generateEvents({ events, seed, projectId, now });
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
