import { resolve } from "node:path";
import { DeliveryError, SettingsError } from "../../common/errors";
import { MAX_EVENTS } from "../../common/limits";
import { generateEvents, openExport } from "../../events";
import type { EventSource } from "../../events/source";
import { DEFAULT_EVENTS, type SourceFlags } from "./source";

/** What a source is made of: enough to make the same events again. */
export type SourceDescription =
  | { kind: "generated"; events: number; seed: string; from: number; rate?: number }
  | { kind: "export"; file: string; rate?: number };

/**
 * @param now in ms since 1970: the time of the events that are generated.
 * @throws SettingsError where the flags don't go together.
 */
export function describedSource(flags: SourceFlags, now: number): SourceDescription {
  const { rate } = flags;
  const paced = rate === undefined ? {} : { rate };
  if (flags.export !== undefined) return { kind: "export", file: resolve(flags.export), ...paced };
  const { seed = crypto.randomUUID() } = flags;
  return { kind: "generated", events: generatedEvents(flags), seed, from: now, ...paced };
}

function generatedEvents({ events = DEFAULT_EVENTS, rate, duration: ms }: SourceFlags): number {
  if (ms === undefined) return events;
  if (rate === undefined) throw new SettingsError("--duration needs --rate: how many events a second?");
  const number = Math.max(1, Math.round((rate * ms) / 1000));
  if (number <= MAX_EVENTS) return number;
  throw new SettingsError(`--rate and --duration make ${number} events: at most ${MAX_EVENTS} can be sent`);
}

/** @throws DeliveryError where the export can't be read. */
export async function openSource(description: SourceDescription): Promise<EventSource> {
  if (description.kind === "export") return openExport(description.file);
  const { events, seed, from, rate } = description;
  let made = 0;
  // Derived from the event's number, so that the same events can be made again.
  const now = () => new Date(rate === undefined ? from : from + (made++ * 1000) / rate);
  return generateEvents({ events, seed, now });
}

/** The description that a run's file holds. */
export function sourceDescriptionIn(value: unknown): SourceDescription {
  const isDescription = typeof value === "object" && value !== null && "kind" in value;
  if (isDescription && (value.kind === "generated" || value.kind === "export"))
    return value as SourceDescription;
  throw new DeliveryError(
    "run-file",
    "The run was begun by a program, and its file doesn't say what its events come from: go on with it by that program",
  );
}
