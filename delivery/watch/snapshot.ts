import { type Finding, findingLines, type Verdict } from "../common/findings";
import type { Latency } from "../common/histogram";
import { counted, printableReport } from "../common/text";
import type { Deviation, EventKind } from "../events/event";
import type { Framing, Unreadable } from "../events/recordContent";

/** Count of one name. */
export interface Counted {
  /** The counted name, such as an event type. */
  name: string;
  /** Number of occurrences. */
  count: number;
}

/** Kind of a record without rows of Amplitude: from another producer, or unreadable. */
export type ForeignKind = Unreadable | "not-amplitude";

/** One way in which rows deviate from the documented shape. */
export interface CountedDeviation extends Deviation {
  /** Rows that deviate in this way. */
  count: number;
}

/** An Amplitude project whose rows arrived. */
export interface Project {
  /** The project's id, from the field `app`. `null` for rows without it. */
  app: string | null;
  /** Number of its rows. */
  count: number;
  /** Whether it is one of `expectApps`. Absent if there are none. */
  expected?: boolean;
}

/** Everything that arrived since the watch began. Rows are events, and Identify and Group Identify calls. */
export interface WatchSnapshot {
  /** Rises if a field changes its meaning or goes; a new field doesn't raise it. */
  snapshotVersion: 1;
  /** The stack's output. */
  region: string;
  /** The stack's output. */
  streamName: string;
  /** ISO 8601, UTC. */
  startedAt: string;
  /** Time of the snapshot: ISO 8601, UTC. */
  at: string;
  /** Time since the shards are read. */
  elapsedInSeconds: number;
  /** Whether the records of `verify` and `send` count as Amplitude's. The verdict of such a rehearsal proves nothing about Amplitude. */
  includesTests: boolean;
  /** Number of shards that were read, including those that resharding created. */
  shards: number;
  /** Whether everything was read that had arrived two seconds ago. */
  caughtUp: boolean;
  /** Number of Amplitude's rows. All fields below except `records` count these. */
  events: number;
  /** Rows that count towards `until`: from an expected project, and with a new `uuid`. */
  eventsExpected: number;
  /** Rate at which rows were read in the last ten seconds. */
  eventsPerSecond: number;
  /** Rows read in each of the last 60 seconds. The current second is the last. */
  lastMinute: number[];
  /** Rows by kind. */
  kinds: Record<EventKind, number>;
  /** The 20 most common types, in order. Names that look like a person's data are redacted. */
  eventTypes: Counted[];
  /** Rows of further types, beyond the 2,000 that are counted separately. */
  eventTypesOther: number;
  /** The 20 most common projects, in order. */
  projects: Project[];
  /** Rows from projects other than `expectApps`. 0 if `expectApps` is empty. */
  eventsUnexpected: number;
  /** Time from `server_upload_time`, or else `server_received_time`, when Amplitude received the event, to the arrival in the stream by Kinesis's clock. */
  latencyInSeconds: Latency | null;
  /** Time from `event_time` to the arrival, including the time that a device held the event. */
  ageInSeconds: Latency | null;
  /** Rows whose `uuid` was seen before, so they were delivered twice. At least the last million ids are remembered, at most two million. */
  eventsDuplicated: number;
  /** Rows with a new `uuid`, but an `$insert_id` that was seen before for the same device, with the same limit. */
  insertIdsRepeated: number;
  /** Events that deviate from the documented shape. */
  eventsDeviating: number;
  /** Identify and Group Identify rows that deviate from it. Their forwarded shape is undocumented. */
  identifiesDeviating: number;
  /** The 20 most common deviations of events, in order, each with one redacted sample. */
  deviations: CountedDeviation[];
  /** The 20 most common deviations of Identify and Group Identify rows, in order. */
  identifyDeviations: CountedDeviation[];
  /** Rows by their arrangement in records. */
  framings: Record<Framing, number>;
  /** The stream's records. */
  records: {
    /** Number of records that were read. A record that Kinesis returns again counts once. */
    read: number;
    /** Size of these records, in bytes. */
    bytes: number;
    /** Records that `verify` and `send` of this package wrote, by their partition key and their rows. */
    ofTests: number;
    /** Records that the Kinesis Producer Library aggregated. Their content counts like that of plain records. */
    aggregated: number;
    /** Messages of Amplitude's destination for cohorts, "Amazon Kinesis (Cohort)". They are not rows. */
    cohortMessages: number;
    /** Records of unknown producers by kind, without kinds that have none. */
    foreign: Partial<Record<ForeignKind, number>>;
  };
  /** Problems, and facts worth knowing. */
  findings: Finding[];
  /** `null` until the watch ends. `verified`: the requested rows arrived. `failed`: rows from another project arrived, or no rows. `undecided`: the watch ended early, or a part is unknown. */
  verdict: Verdict | null;
}

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
  const foreign = foreignCount(snapshot);
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

type Records = Pick<WatchSnapshot, "records">;

export function foreignCount({ records }: Records): number {
  return Object.values(records.foreign).reduce((sum, count) => sum + count, 0);
}

const FOREIGN: Record<ForeignKind, string> = {
  gzip: "gzip data",
  aggregated: "damaged aggregates of the Kinesis Producer Library",
  "not-utf8": "not UTF-8",
  "not-json": "not JSON",
  "not-objects": "JSON without objects",
  "too-large": "too large to be parsed (4 MiB, or 250,000 values)",
  "not-amplitude": "objects that aren't rows of Amplitude",
};

/** Describes the foreign records, the most common first: `3 not JSON, 1 gzip data`. */
export function describeForeign({ records }: Records): string {
  return Object.entries(records.foreign)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${FOREIGN[kind as ForeignKind]}`)
    .join(", ");
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
  const foreign = describeForeign(snapshot);
  const facts: (Fact | false)[] = [
    plain("rows", rows(snapshot)),
    projects(snapshot),
    plain("latency", `${latency(snapshot.latencyInSeconds)} (server_upload_time to stream)`),
    plain("event age", `${latency(snapshot.ageInSeconds)} (event_time to stream)`),
    plain("duplicates", `${whole(eventsDuplicated)} by uuid, ${whole(insertIdsRepeated)} more by $insert_id`),
    shape(snapshot),
    identifies(snapshot),
    framing(snapshot),
    foreign !== "" && { name: "foreign", text: foreign, tone: "warning" },
    records.aggregated > 0 &&
      plain(
        "aggregated",
        `${whole(records.aggregated)} records of the Kinesis Producer Library; consumers have to de-aggregate them`,
      ),
    records.cohortMessages > 0 &&
      plain("cohorts", `${whole(records.cohortMessages)} messages of Amplitude's destination for cohorts`),
    records.ofTests > 0 && plain("tests", `${whole(records.ofTests)} records of verify or send`),
  ];
  return facts.filter((fact) => fact !== false);
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
function identifies({ identifiesDeviating, identifyDeviations }: WatchSnapshot): Fact | false {
  if (identifiesDeviating === 0) return false;
  const ways = identifyDeviations.map(({ field, problem, count }) => `${field} ${problem} (${whole(count)})`);
  return plain("Identify", `${whole(identifiesDeviating)} differ from exports: ${ways.join("; ")}`);
}

/** Names how records hold rows, which is undocumented. Consumers and the guard depend on it. */
function framing({ events, framings: { object, list, lines } }: WatchSnapshot): Fact | false {
  if (events === 0) return false;
  if (list + lines === 0) return plain("framing", "one row per record");
  return plain("framing", `${whole(object)} alone, ${whole(list)} in lists, ${whole(lines)} one per line`);
}
