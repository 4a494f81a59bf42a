import { HOUR_MS, MINUTE_MS, type ReconcileScenario } from "./scenario";
import type { EventTruth, StrangerTruth, World } from "./world";

/** Time before the first hour from which the stream is read. */
const MARGIN_MS = 10_000;
/** Sources: Amplitude, "Kinesis Data Stream Event Streaming" (retries), and "Export API" (delay). */
const RETRY_WINDOW_MS = 4 * HOUR_MS;
const EXPORT_DELAY_MS = 2 * HOUR_MS;

/** Counts of exported events by their outcome. */
const NOTHING = {
  eventsExported: 0,
  eventsDelivered: 0,
  eventsMissing: 0,
  eventsDuplicated: 0,
  eventsDifferent: 0,
  eventsLate: 0,
  eventsLateOverAnHour: 0,
  eventsNotForwarded: 0,
};
export type Outcomes = typeof NOTHING;

/** Statements that the report must make, by the truth about the run. */
export interface ReconcileExpectation extends Outcomes {
  verdict: string;
  eventsWithoutIdentity: number;
  eventsOfOtherProjects: number;
  eventsOfOtherHours: number;
  eventsUnexplained: number;
  recordsForeign: number;
  rowsIgnoredRepeated: number;
  hours: (Outcomes & { hour: string; verdict: string })[];
  eventTypes: Record<string, Outcomes>;
}

export function reconcileExpectation(scenario: ReconcileScenario, world: World): ReconcileExpectation {
  const { from, hours, startedAt } = scenario;
  const isExported = ({ uploadedAt }: EventTruth) => isAvailable(scenario, uploadedAt);
  const events = world.events.filter(isExported);
  const readUntil = readingEnd(scenario, world, events);
  const outcome = outcomesAt(scenario, world, events, readUntil);
  const strangers = strangersAt(scenario, world, events, readUntil);
  const count = (kind: StrangerTruth["kind"]) =>
    strangers.filter((stranger) => stranger.kind === kind).length;
  const total = sum(events.map(outcome));
  const byHour = Array.from({ length: hours }, (_, number) => {
    const start = from + number * HOUR_MS;
    const isOfHour = ({ uploadedAt }: { uploadedAt: number }) =>
      Math.floor((uploadedAt - from) / HOUR_MS) === number;
    const outcomes = sum(events.filter(isOfHour).map(outcome));
    const isUnexplained = strangers.some((stranger) => stranger.kind === "unexplained" && isOfHour(stranger));
    const isOpen =
      start + HOUR_MS + EXPORT_DELAY_MS > startedAt || (outcomes.eventsExported === 0 && isUnexplained);
    // The filter explains absent events only if anything arrived.
    const filtered = total.eventsDelivered > 0 ? outcomes.eventsNotForwarded : 0;
    const isComplete = outcomes.eventsDelivered + filtered === outcomes.eventsExported;
    const decided = outcomes.eventsMissing > 0 ? "incomplete" : isComplete ? "complete" : "undecided";
    const verdict = isOpen ? "undecided" : decided;
    return { hour: new Date(start).toISOString().slice(0, 13), verdict, ...outcomes };
  });
  const types = [...new Set(events.map(({ eventType }) => eventType))].sort();
  const withoutIdentity = events.filter(({ hasIdentity }) => !hasIdentity).length;
  return {
    verdict: verdictOf(byHour, total, withoutIdentity),
    ...total,
    eventsWithoutIdentity: withoutIdentity,
    eventsOfOtherProjects: count("otherProjects"),
    eventsOfOtherHours: count("otherHours"),
    eventsUnexplained: count("unexplained"),
    recordsForeign: count("foreign"),
    rowsIgnoredRepeated: world.repeatedAt.filter((uploadedAt) => isAvailable(scenario, uploadedAt)).length,
    hours: byHour,
    eventTypes: Object.fromEntries(
      types.map((type) => [type, sum(events.filter(({ eventType }) => eventType === type).map(outcome))]),
    ),
  };
}

/** Archives hold what they hold; the Export API returns an hour two hours after its end. */
function isAvailable({ source, startedAt }: ReconcileScenario, uploadedAt: number): boolean {
  const end = (Math.floor(uploadedAt / HOUR_MS) + 1) * HOUR_MS;
  return source === "files" || startedAt >= end + EXPORT_DELAY_MS;
}

/** The stream is read to the end of Amplitude's retries, and beyond only to look for events that are missing there. */
function readingEnd(scenario: ReconcileScenario, world: World, events: EventTruth[]): number {
  const { from, hours, startedAt } = scenario;
  const windowEnd = from + hours * HOUR_MS + RETRY_WINDOW_MS;
  if (startedAt <= windowEnd) return startedAt;
  const outcomes = sum(events.map(outcomesAt(scenario, world, events, windowEnd)));
  const isNothing = outcomes.eventsDelivered === 0 && outcomes.eventsNotForwarded > 0;
  return outcomes.eventsMissing > 0 || isNothing ? startedAt : windowEnd;
}

function arrivals({ copies }: EventTruth, { from }: ReconcileScenario, until: number): EventTruth["copies"] {
  return copies.filter(
    ({ writtenAt = Number.POSITIVE_INFINITY }) => writtenAt >= from - MARGIN_MS && writtenAt <= until,
  );
}

/** Returns the outcome of one event as counts of 0 and 1, and its duplicates. */
function outcomesAt(scenario: ReconcileScenario, world: World, events: EventTruth[], until: number) {
  const arrivedTypes = new Set([
    ...events
      .filter((event) => event.hasIdentity && arrivals(event, scenario, until).length > 0)
      .map(({ eventType }) => eventType),
    ...strangersAt(scenario, world, events, until)
      .filter(({ kind }) => kind === "otherHours" || kind === "unexplained")
      .map(({ eventType }) => eventType),
  ]);
  const isForwarded = (type: string) =>
    scenario.allTypes || scenario.eventTypes.includes(type) || arrivedTypes.has(type);
  return (event: EventTruth): Outcomes => {
    const copies = arrivals(event, scenario, until);
    const isDelivered = event.hasIdentity && copies.length > 0;
    const isAbsent = event.hasIdentity && copies.length === 0;
    const delay = Math.min(...copies.map(({ writtenAt = 0 }) => writtenAt)) - event.uploadedAt;
    const one = (is: boolean) => (is ? 1 : 0);
    return {
      eventsExported: 1,
      eventsDelivered: one(isDelivered),
      eventsMissing: one(isAbsent && isForwarded(event.eventType)),
      eventsDuplicated: isDelivered ? copies.length - 1 : 0,
      eventsDifferent: one(isDelivered && copies.some(({ changedField }) => changedField !== undefined)),
      eventsLate: one(isDelivered && delay > MINUTE_MS),
      eventsLateOverAnHour: one(isDelivered && delay > HOUR_MS),
      eventsNotForwarded: one(isAbsent && !isForwarded(event.eventType)),
    };
  };
}

/** Returns the rows that match no exported event, also those of events whose hour is not exported. */
function strangersAt(
  scenario: ReconcileScenario,
  world: World,
  events: EventTruth[],
  until: number,
): StrangerTruth[] {
  const { from } = scenario;
  const isEmpty = events.length === 0;
  const unmatched = world.events
    .filter((event) => !event.hasIdentity || !events.includes(event))
    .flatMap((event) =>
      arrivals(event, scenario, until).map(
        ({ writtenAt = 0 }): StrangerTruth => ({ ...event, kind: "unexplained", writtenAt }),
      ),
    );
  const strangers = world.strangers
    .filter(({ writtenAt }) => writtenAt >= from - MARGIN_MS && writtenAt <= until)
    // An empty export names no project.
    .map((stranger) =>
      stranger.kind === "otherProjects" && isEmpty ? { ...stranger, kind: "unexplained" as const } : stranger,
    );
  return [...unmatched, ...strangers];
}

function verdictOf(hours: { verdict: string }[], total: Outcomes, withoutIdentity: number): string {
  if (hours.some(({ verdict }) => verdict === "incomplete")) return "incomplete";
  const isNothing = total.eventsDelivered === 0 && total.eventsNotForwarded > 0;
  const isOpen = hours.some(({ verdict }) => verdict === "undecided");
  return isOpen || total.eventsMissing > 0 || withoutIdentity > 0 || isNothing ? "undecided" : "complete";
}

function sum(all: Outcomes[]): Outcomes {
  const total = { ...NOTHING };
  for (const one of all)
    for (const name of Object.keys(total) as (keyof Outcomes)[]) total[name] += one[name];
  return total;
}
