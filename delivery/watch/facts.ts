import type { Latency } from "../common/histogram";
import type { EventKind } from "../events/event";
import { foreignText } from "./findings";
import type { WatchSnapshot } from "./snapshot";

/** How a fact is to be taken. */
export type Tone = "plain" | "warning" | "bad";

/** One line of what is known. */
export interface Fact {
  name: string;
  text: string;
  tone: Tone;
}

/** What a snapshot says, in words, the most important first; the event types are left to whoever shows it. */
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
    others(snapshot),
    records.ofTests > 0 ? plain("tests", `${whole(records.ofTests)} records of verify or send`) : undefined,
  ];
  return facts.filter((fact) => fact !== undefined);
}

function plain(name: string, text: string): Fact {
  return { name, text, tone: "plain" };
}

/** `12,345` */
export function whole(count: number): string {
  return count.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

/** `1:02:03` of so many seconds. */
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
  if (eventsDeviating === 0)
    return plain("shape", kinds.event === 0 ? "nothing to look at yet" : "as documented");
  const ways = deviations.map(({ field, problem, count, sample }) => {
    const shown = sample === undefined ? "" : `: ${sample}`;
    return `${field} ${problem} (${whole(count)}${shown})`;
  });
  return { name: "shape", text: `${whole(eventsDeviating)} deviate: ${ways.join("; ")}`, tone: "warning" };
}

/** The shape of forwarded Identify calls is undocumented: another one than the export's is news, no fault. */
function identifies({ identifiesDeviating, identifyDeviations }: WatchSnapshot): Fact | undefined {
  if (identifiesDeviating === 0) return undefined;
  const ways = identifyDeviations.map(({ field, problem, count }) => `${field} ${problem} (${whole(count)})`);
  return plain(
    "Identify",
    `${whole(identifiesDeviating)} in another shape than the export's: ${ways.join("; ")}`,
  );
}

function framing({ framings }: WatchSnapshot): Fact | undefined {
  if (framings.list + framings.lines === 0) return undefined;
  return plain("framing", `${whole(framings.list)} in lists, ${whole(framings.lines)} one a line`);
}

function others(snapshot: WatchSnapshot): Fact | undefined {
  const text = foreignText(snapshot);
  return text === "" ? undefined : { name: "others", text, tone: "warning" };
}
