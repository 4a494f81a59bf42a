import type { Verdict } from "../../../delivery";
import type { FaultPlan } from "../faults/plan";
import type { Ran } from "../oneRun";
import { type EventTruth, eventTruths, type ServedTruth, servedTruth } from "./eventTruth";
import { type ReadingTruth, readingTruth } from "./readingTruth";
import { type SendingTruth, sendingTruth } from "./sendingTruth";

/** Default of `settleMs`, which every run uses. */
const SETTLE_MS = 10_000;

/** Statements that the report of a run must make, by the truth about the run. */
export interface Expectation {
  verdict: Verdict;
  numbers: Record<string, number | null>;
  /** Shards in which events were acknowledged or read, with `eventsAcknowledged` and `recordsRead`. */
  shards: Record<string, string>;
  /** Codes of the findings, in alphabetical order. */
  findings: string[];
  /** Shards that a finding must name. */
  named: string[];
}

export function expectationOf({
  log,
  events,
  scenario: { plan },
  report: { runId },
  part,
}: Ran): Expectation {
  const truths = eventTruths(log, runId, events, part);
  const sending = sendingTruth(log);
  const isAllSeen = truths.every((truth) => isSeen(truth) || truth.refused !== undefined);
  const { sentAt } = sending;
  const acknowledgedIn = truths.flatMap((truth) => truth.acknowledgedIn ?? []);
  const needs = { sentAt, settleMs: SETTLE_MS, isAllSeen, acknowledgedIn };
  const reading = afterChange(readingTruth(log, needs), plan, isAllSeen);
  const counts = countsOf(truths, reading);
  const served = servedTruth(log, { runId, events: events.length, sentAt, part });
  return {
    verdict: verdictOf(counts, sending, reading),
    numbers: numbersOf(counts, served),
    shards: shardsOf(truths, served),
    findings: findingsOf(counts, sending, reading),
    named: reading.failure === undefined ? reading.unreadShardIds : shardIdIn(reading.failure),
  };
}

/** Missing events prove nothing if the stream has changed. */
function afterChange(reading: ReadingTruth, { changed }: FaultPlan, isAllSeen: boolean): ReadingTruth {
  const isExpired = changed !== undefined && reading.isComplete && !isAllSeen;
  return isExpired ? { ...reading, isComplete: false, isExpired } : reading;
}

type Counts = ReturnType<typeof countsOf>;

function countsOf(truths: EventTruth[], { isComplete }: ReadingTruth) {
  const count = (is: (truth: EventTruth) => boolean) => truths.filter(is).length;
  const absent = truths.filter((truth) => !isSeen(truth));
  const lost = absent.filter(({ acknowledgedIn }) => acknowledgedIn !== undefined).length;
  const refused = absent.filter((truth) => truth.refused === "for good").length;
  const soFar = absent.filter((truth) => truth.refused === "so far").length;
  const leftOpen = absent.filter((truth) => truth.leftOpen).length;
  return {
    isComplete,
    sent: truths.length,
    acknowledged: count(({ acknowledgedIn }) => acknowledgedIn !== undefined),
    delivered: count(({ whole, changed }) => whole > 0 && changed === 0),
    corrupted: count(({ changed }) => changed > 0),
    refused,
    soFar,
    lost,
    leftOpen,
    unanswered: absent.length - lost - refused - soFar - leftOpen,
    duplicates: sum(truths.map(({ whole, changed }) => Math.max(0, whole + changed - 1))),
    unexplained: sum(truths.map(unexplainedIn)),
    seenDespiteRefusal: count((truth) => isSeen(truth) && truth.refused === "for good"),
  };
}

function isSeen({ whole, changed }: EventTruth): boolean {
  return whole + changed > 0;
}

/** Returns the number of copies beyond the first that neither the acknowledgement nor an unclear attempt explains. */
function unexplainedIn({ whole, changed, acknowledgedIn, unclear }: EventTruth): number {
  const explained = Math.max(1, unclear + (acknowledgedIn === undefined ? 0 : 1));
  return Math.max(0, whole + changed - explained);
}

function numbersOf(counts: Counts, { foreign, ofOtherParts }: ServedTruth): Expectation["numbers"] {
  const { isComplete, sent, delivered, lost, unanswered, refused, soFar, leftOpen } = counts;
  const absent = lost + unanswered;
  const seen = delivered + counts.corrupted;
  return {
    eventsSent: sent,
    eventsAcknowledged: counts.acknowledged,
    eventsDelivered: delivered,
    eventsNotDelivered: refused + (isComplete ? absent : 0),
    eventsRefused: refused,
    eventsLost: isComplete ? lost : 0,
    eventsUnanswered: isComplete ? unanswered : 0,
    eventsCorrupted: counts.corrupted,
    eventsDuplicated: counts.duplicates,
    duplicatesUnexplained: counts.unexplained,
    eventsSeenDespiteRefusal: counts.seenDespiteRefusal,
    eventsUnknown: soFar + leftOpen + (isComplete ? 0 : absent),
    deliveryRate: sent === 0 ? 0 : delivered / sent,
    recordsForeign: foreign,
    recordsOfOtherParts: ofOtherParts,
    // The campaign's source skips no event.
    eventsSkipped: 0,
    filesSkipped: 0,
    "latencies measured": seen,
    "timeline: sent": sent,
    "timeline: acknowledged": counts.acknowledged,
    "timeline: read": seen,
  };
}

/** Decides by certainty: `failed` if a fault is proven, `undecided` if something is unknown, otherwise `verified`. */
function verdictOf(counts: Counts, { stopped }: SendingTruth, { isComplete }: ReadingTruth): Verdict {
  const absent = counts.lost + counts.unanswered;
  const isWrong = counts.refused + counts.corrupted + (isComplete ? absent : 0) > 0;
  if (isWrong || stopped === "refused") return "failed";
  const isOpen =
    !isComplete || counts.soFar + counts.leftOpen > 0 || stopped === "sender" || counts.delivered === 0;
  return isOpen ? "undecided" : "verified";
}

function findingsOf(counts: Counts, { stopped }: SendingTruth, reading: ReadingTruth): string[] {
  const { lost, unanswered, leftOpen } = counts;
  const { isComplete, isExpired = false } = reading;
  const found: Record<string, boolean> = {
    "stream-not-readable": !isComplete && !isExpired,
    "records-expired": isExpired,
    "write-refused": stopped === "refused",
    "sender-failed": stopped === "sender",
    "events-refused": counts.refused > 0,
    "events-lost": isComplete && lost > 0,
    "events-unanswered": isComplete && unanswered > 0,
    "events-unread": !isComplete && !isExpired && lost + unanswered + leftOpen > 0,
    "events-corrupted": counts.corrupted > 0,
    "duplicates-unexplained": counts.unexplained > 0,
    "refused-but-delivered": counts.seenDespiteRefusal > 0,
  };
  return Object.keys(found)
    .filter((code) => found[code])
    .sort();
}

function shardsOf(truths: EventTruth[], { ofShards }: ServedTruth): Expectation["shards"] {
  const acknowledged = new Map<string, number>();
  for (const { acknowledgedIn } of truths) {
    if (acknowledgedIn !== undefined)
      acknowledged.set(acknowledgedIn, (acknowledged.get(acknowledgedIn) ?? 0) + 1);
  }
  const shardIds = [...new Set([...acknowledged.keys(), ...ofShards.keys()])].sort();
  return Object.fromEntries(
    shardIds.map((shardId) => [shardId, pair(acknowledged.get(shardId) ?? 0, ofShards.get(shardId) ?? 0)]),
  );
}

/** Returns a shard in the form in which reports are compared. */
export function pair(acknowledged: number, read: number): string {
  return `${acknowledged} acknowledged, ${read} read`;
}

function shardIdIn({ shardId }: { shardId: string }): string[] {
  return shardId === "" ? [] : [shardId];
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
