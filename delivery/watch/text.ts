import { findingLines, type Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import { counted, printableReport } from "../common/text";
import type { EventKind } from "../events/event";
import { describeForeign } from "./findings";
import type { WatchSnapshot } from "./snapshot";

const SENTENCES: Record<Verdict, string> = {
  verified: "VERIFIED: Amplitude's events arrive in this stream",
  failed: "FAILED: wrong data arrives in this stream",
  undecided: "UNDECIDED: it is unknown whether Amplitude's events arrive",
};

/** Sentences of a failed watch by an error's code. The first that matches counts. */
const FAILURES: [code: RegExp, sentence: string][] = [
  [/^unexpected-app$/, "FAILED: another Amplitude project writes to this stream"],
  [/^stream-/, "FAILED: Amplitude can't deliver to this stream"],
  [/^nothing-arrived$/, "FAILED: no event of Amplitude arrived in this stream"],
];

const REHEARSED =
  "REHEARSED: events arrive in this stream; events of verify and send count too, so this proves nothing about Amplitude";

const MAX_SHOWN_TYPES = 10;

/** Returns the last snapshot of a watch as text for a terminal, without a line break at its end. */
export function watchText(untrusted: WatchSnapshot): string {
  const snapshot = printableReport(untrusted);
  const { verdict, streamName, region, elapsedInSeconds, shards, findings } = snapshot;
  const facts: [name: string, text: string][] = [
    ["stream", `${streamName} (${region})`],
    ["watched", `${clockTime(elapsedInSeconds)}, ${counted(shards, "shard")}`],
    ...factsOf(snapshot).map(({ name, text }): [string, string] => [name, text]),
    ["event types", eventTypes(snapshot)],
  ];
  return [
    ...(verdict === null ? [] : [sentence(verdict, snapshot), ""]),
    ...facts.map(([name, text]) => `  ${name.padEnd(16)}${text}`),
    ...findings.flatMap(findingLines),
  ].join("\n");
}

function sentence(verdict: Verdict, { includesTests, findings }: WatchSnapshot): string {
  const errors = findings.filter(({ severity }) => severity === "error");
  const failure = FAILURES.find(([code]) => errors.some((error) => code.test(error.code)));
  if (verdict === "failed" && failure !== undefined) return failure[1];
  return includesTests && verdict === "verified" ? REHEARSED : SENTENCES[verdict];
}

function eventTypes({ eventTypes, eventTypesOther }: WatchSnapshot): string {
  if (eventTypes.length === 0) return "none yet";
  const shown = eventTypes.slice(0, MAX_SHOWN_TYPES).map(({ name, count }) => `${name} (${whole(count)})`);
  return [...shown, ...(eventTypes.length > MAX_SHOWN_TYPES || eventTypesOther > 0 ? ["…"] : [])].join(", ");
}

/** Returns a snapshot as one line, for a file or a pipe. */
export function watchLine(untrusted: WatchSnapshot): string {
  const snapshot = printableReport(untrusted);
  const { at, events, eventsPerSecond, latencyInSeconds, eventsDuplicated, eventsDeviating } = snapshot;
  const { projects, records, caughtUp } = snapshot;
  const foreign = Object.values(records.foreign).reduce((sum, count) => sum + count, 0);
  const parts = [
    `${whole(events)} rows`,
    `${eventsPerSecond.toFixed(1)}/s`,
    ...(projects.length === 0 ? [] : [`projects ${projects.map(({ app }) => app ?? "unknown").join(" ")}`]),
    ...(latencyInSeconds === null ? [] : [`p95 ${latencyInSeconds.p95} s`]),
    ...(eventsDuplicated === 0 ? [] : [`${whole(eventsDuplicated)} duplicates`]),
    ...(eventsDeviating === 0 ? [] : [`${whole(eventsDeviating)} deviate`]),
    ...(foreign === 0 ? [] : [`${whole(foreign)} foreign`]),
    ...(records.ofTests === 0 ? [] : [`${whole(records.ofTests)} of tests`]),
    ...(caughtUp ? [] : ["catching up"]),
  ];
  return `${at.slice(11, 19)}Z  ${parts.join(", ")}`;
}

/** Importance of a fact. */
export type Tone = "plain" | "warning" | "bad";

/** One line about a snapshot. */
export interface Fact {
  name: string;
  text: string;
  tone: Tone;
}

/** Returns the facts of a snapshot, the most important first, without the event types. */
export function factsOf(snapshot: WatchSnapshot): Fact[] {
  const { records, eventsDuplicated, insertIdsRepeated } = snapshot;
  const facts: (Fact | undefined)[] = [
    plain("rows", rows(snapshot)),
    projects(snapshot),
    plain("latency", `${latency(snapshot.latencyInSeconds)} (server_upload_time to stream)`),
    plain("event age", `${latency(snapshot.ageInSeconds)} (event_time to stream)`),
    plain("duplicates", `${whole(eventsDuplicated)} by uuid, ${whole(insertIdsRepeated)} more by $insert_id`),
    shape(snapshot),
    identifies(snapshot),
    framing(snapshot),
    foreign(snapshot),
    records.aggregated > 0 ? plain("aggregated", aggregated(snapshot)) : undefined,
    records.cohortMessages > 0 ? plain("cohorts", cohorts(snapshot)) : undefined,
    records.ofTests > 0 ? plain("tests", `${whole(records.ofTests)} records of verify or send`) : undefined,
  ];
  return facts.filter((fact) => fact !== undefined);
}

function plain(name: string, text: string): Fact {
  return { name, text, tone: "plain" };
}

/** Formats an integer: `12,345`. */
export function whole(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** Formats a duration: `1:02:03`. */
export function clockTime(seconds: number): string {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  return `${hours}:${String(minutes).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}

const KINDS: Record<EventKind, string> = {
  event: "events",
  identify: "Identify",
  groupIdentify: "Group Identify",
};

function rows({ events, kinds }: WatchSnapshot): string {
  const parts = Object.entries(kinds)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${whole(count)} ${KINDS[kind as EventKind]}`);
  return parts.length === 0 ? "none yet" : `${whole(events)}: ${parts.join(", ")}`;
}

function projects({ projects, eventsUnexpected }: WatchSnapshot): Fact {
  const parts = projects.map(
    ({ app, count, expected }) =>
      `${app ?? "without app"} (${whole(count)}${expected === false && app !== null ? ", NOT EXPECTED" : ""})`,
  );
  const text = parts.length === 0 ? "none yet" : parts.join(", ");
  return { name: "projects", text, tone: eventsUnexpected > 0 ? "bad" : "plain" };
}

function latency(seconds: Latency | null): string {
  if (seconds === null) return "none measured";
  const { p50, p95, p99, max } = seconds;
  return `p50 ${p50} s, p95 ${p95} s, p99 ${p99} s, max ${max} s`;
}

function shape({ kinds, eventsDeviating, deviations }: WatchSnapshot): Fact {
  if (eventsDeviating === 0) return plain("shape", kinds.event === 0 ? "no event yet" : "as documented");
  const ways = deviations.map(({ field, problem, count, sample }) => {
    const shown = sample === undefined ? "" : `: ${sample}`;
    return `${field} ${problem} (${whole(count)}${shown})`;
  });
  return { name: "shape", text: `${whole(eventsDeviating)} deviate: ${ways.join("; ")}`, tone: "warning" };
}

/** Describes Identify rows that differ from exports. That is not a fault, because their forwarded shape is undocumented. */
function identifies({ identifiesDeviating, identifyDeviations }: WatchSnapshot): Fact | undefined {
  if (identifiesDeviating === 0) return undefined;
  const ways = identifyDeviations.map(({ field, problem, count }) => `${field} ${problem} (${whole(count)})`);
  return plain("Identify", `${whole(identifiesDeviating)} differ from exports: ${ways.join("; ")}`);
}

/** Names how records hold rows, which is undocumented. Consumers and the guard depend on it. */
function framing({ events, framings: { object, list, lines } }: WatchSnapshot): Fact | undefined {
  if (events === 0) return undefined;
  if (list + lines === 0) return plain("framing", "one row per record");
  return plain("framing", `${whole(object)} alone, ${whole(list)} in lists, ${whole(lines)} one per line`);
}

function aggregated({ records }: WatchSnapshot): string {
  return `${whole(records.aggregated)} records of the Kinesis Producer Library; consumers have to de-aggregate them`;
}

function cohorts({ records }: WatchSnapshot): string {
  return `${whole(records.cohortMessages)} messages of Amplitude's destination for cohorts`;
}

function foreign(snapshot: WatchSnapshot): Fact | undefined {
  const text = describeForeign(snapshot);
  return text === "" ? undefined : { name: "foreign", text, tone: "warning" };
}
