import { findingLines, type Verdict } from "../common/findings";
import { clockTime, factsOf, whole } from "./facts";
import type { WatchSnapshot } from "./snapshot";

const SENTENCES: Record<Verdict, string> = {
  verified: "VERIFIED: Amplitude's events arrive in this stream",
  failed: "FAILED: what arrives in this stream is not what it should be",
  undecided: "UNDECIDED: it could not be found out whether Amplitude's events arrive",
};

/** Of a failed watch, by the error that says the most, the first one first. */
const FAILURES: [code: RegExp, sentence: string][] = [
  [/^unexpected-app$/, "FAILED: another Amplitude project writes to this stream"],
  [/^stream-/, "FAILED: Amplitude can't deliver to this stream as it is"],
  [/^nothing-arrived$/, "FAILED: nothing of Amplitude's arrived in this stream"],
];

const REHEARSED =
  "REHEARSED: events arrive in this stream; those of verify and send were counted, so this says nothing of Amplitude";

const MOST_TYPES = 10;

/** The last snapshot of a watch for a person at a terminal, without a line break at its end. */
export function watchText(snapshot: WatchSnapshot): string {
  const { verdict, streamName, region, elapsedInSeconds, shards, findings } = snapshot;
  const facts: [name: string, text: string][] = [
    ["stream", `${streamName} (${region})`],
    ["watched", `${clockTime(elapsedInSeconds)}, ${shards} shard(s)`],
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
  const shown = eventTypes.slice(0, MOST_TYPES).map(({ name, count }) => `${name} (${whole(count)})`);
  return [...shown, ...(eventTypes.length > MOST_TYPES || eventTypesOther > 0 ? ["…"] : [])].join(", ");
}

/** One line of where a watch is, for a file or a pipe. */
export function watchLine(snapshot: WatchSnapshot): string {
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
    ...(foreign === 0 ? [] : [`${whole(foreign)} of others`]),
    ...(records.ofTests === 0 ? [] : [`${whole(records.ofTests)} of tests`]),
    ...(caughtUp ? [] : ["catching up"]),
  ];
  return `${at.slice(11, 19)}Z  ${parts.join(", ")}`;
}
