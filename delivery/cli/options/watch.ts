import { InvalidArgumentError } from "commander";
import { MAX_EVENTS } from "../../common/limits";
import type { StartingPoint, WatchUntil } from "../../watch/options";
import { duration, wholeNumber } from "./arguments";

/** Parses `--until`, which may be given twice: a number of events, or a length of time with its unit. */
export function until(text: string, before: WatchUntil = {}): WatchUntil {
  if (/^\d+$/.test(text)) return { ...before, events: wholeNumber(1, MAX_EVENTS)(text) };
  if (/^[\d.]+[a-z]+$/.test(text)) return { ...before, seconds: duration(text) / 1000 };
  throw new InvalidArgumentError(
    "It must be a number of events, or a length of time such as 90s, 10m or 2h.",
  );
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/** Parses `--from`: a time without a zone is UTC, as Amplitude's are. */
export function startingPoint(text: string): StartingPoint {
  if (text === "latest" || text === "trim-horizon") return text;
  const [, date, time = "00:00", zone = "Z"] = TIME.exec(text) ?? [];
  const parsed = new Date(`${date}T${time}${zone}`);
  if (!Number.isNaN(parsed.getTime())) return parsed;
  throw new InvalidArgumentError(
    "It must be latest, trim-horizon, or a time such as 2026-01-05T09:30:00Z (without a zone: UTC).",
  );
}

/** Parses `--expect-app`, which may be given many times. */
export function projectId(text: string, before: string[] = []): string[] {
  if (/^\d{1,20}$/.test(text)) return [...before, text];
  throw new InvalidArgumentError("It must be an Amplitude project's id, a number such as 100011471.");
}
