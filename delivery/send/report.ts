import {
  type Finding,
  finding,
  findingLines,
  hasSeverity,
  mostCommon,
  present,
  type ShardReport,
} from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import { type Part, partText } from "../common/part";
import { counted, printableReport } from "../common/text";
import type { Route } from "../deployment/route";
import { leftOut, type Omissions } from "../events/source";
import { type Reason, ReasonCounts } from "../kinesis/outcome";
import type { OutcomeListener, RecordEnd } from "../kinesis/producer";
import { eventsRefused } from "../sending/findings";

/**
 * Outcome of sending.
 *
 * - `sent`: Kinesis acknowledged every event.
 * - `failed`: Kinesis refused some events, or can't take any.
 * - `undecided`: some events got no clear response, or were not sent.
 */
export type SendOutcome = "sent" | "failed" | "undecided";

/** Result of sending. Its names are those of a delivery report. Nothing was read back. */
export interface SendReport extends Pick<StackOutputs, "roleArn" | "region" | "streamName">, Omissions {
  /** Version of the format. It rises if a field changes its meaning or is removed, but not with a new field. */
  reportVersion: 1;
  /** Outcome of all events together. */
  outcome: SendOutcome;
  /** Route by which the events were written. It tells whose permissions were used. */
  route: Route;
  /** Id of the run, which is part of every record's partition key: `amplitude-kinesis.RUN.NUMBER`. */
  runId: string;
  /** Part of the run that this report is about, with its index from 0. Null for a whole run. */
  part: Part | null;
  /** Start of the run, in ISO 8601, UTC. */
  startedAt: string;
  /** Time from the start to the end, in seconds. */
  durationInSeconds: number;
  /** Number of events sent, or refused before they could be: acknowledged + refused + unknown. */
  eventsSent: number;
  /** Number of events that Kinesis acknowledged. */
  eventsAcknowledged: number;
  /** Number of events that certainly no attempt wrote. */
  eventsRefused: number;
  /**
   * Number of events that got no clear response, or were given up before the next attempt. Some may be in the stream.
   */
  eventsUnknown: number;
  /** Number of acknowledged events per shard, ordered by shard id. */
  shards: Pick<ShardReport, "shardId" | "eventsAcknowledged">[];
  /** Findings of the preflight, of the run and about the source. */
  findings: Finding[];
}

/** Returns one finding for the refused events and one for the events with an unknown outcome, if there are any. */
export function fateFindings({ refused, unknown, reasons }: SendCounter, where: string): Finding[] {
  return present([
    refused > 0 && eventsRefused(reasons.refused, counted(refused, "event"), where),
    unknown > 0 &&
      finding.undetermined(
        "events-unanswered",
        where,
        `It is unknown whether ${counted(unknown, "event")} reached the stream: ${mostCommon(reasons.unknown.ranked)}`,
        "Check the network and the service's health; `npx amplitude-kinesis verify` reads back what it sends",
      ),
  ]);
}

/**
 * Decides the outcome. An undetermined finding of the preflight says nothing about the events that were sent, so only
 * its errors and the findings of the run count.
 */
export function sendOutcome(preflight: readonly Finding[], run: readonly Finding[]): SendOutcome {
  if (hasSeverity([...preflight, ...run], "error")) return "failed";
  return hasSeverity(run, "undetermined") ? "undecided" : "sent";
}

const ABANDONED: Reason = { code: "abandoned", detail: "given up before the next attempt" };

/** Counts the outcomes of events. Memory holds only the events in flight. */
export class SendCounter implements OutcomeListener {
  readonly #underWay = new Set<number>();
  readonly acknowledgedByShard = new Map<string, number>();
  readonly reasons = { refused: new ReasonCounts(), unknown: new ReasonCounts() };
  /** Number of events that were sent, or refused before they could be. */
  sent = 0;
  acknowledged = 0;
  refused = 0;
  unknown = 0;

  onAttempt(index: number): void {
    if (this.#underWay.has(index)) return;
    this.#underWay.add(index);
    this.sent += 1;
  }

  onAmbiguous(): void {}

  onEnd(index: number, end: RecordEnd): void {
    // An event that is too large for any request is refused without an attempt.
    if (!this.#underWay.delete(index)) this.sent += 1;
    if (end.kind === "acknowledged") {
      this.acknowledged += 1;
      this.acknowledgedByShard.set(end.shardId, (this.acknowledgedByShard.get(end.shardId) ?? 0) + 1);
    } else if (end.kind === "refused") {
      this.refused += 1;
      this.reasons.refused.add(end.reason);
    } else {
      this.unknown += 1;
      this.reasons.unknown.add(end.kind === "unanswered" ? end.reason : ABANDONED);
    }
  }
}

const SENTENCES: Record<SendOutcome, string> = {
  sent: "SENT: Nothing was read back; Kinesis acknowledged every event",
  failed: "FAILED: not every event is in the stream",
  undecided: "UNDECIDED: not every event was sent, or got a clear response",
};

/** Returns the report for a person at a terminal, without a line break at its end. */
export function sendText(untrusted: SendReport): string {
  const report = printableReport(untrusted);
  const rows: [name: string, text: string][] = [
    ["stream", `${report.streamName} (${report.region})`],
    ["role", report.roleArn],
    ["route", report.route],
    ["events sent", String(report.eventsSent)],
    ["acknowledged", String(report.eventsAcknowledged)],
    ["refused", String(report.eventsRefused)],
    ["unknown", String(report.eventsUnknown)],
    ["events skipped", String(report.eventsSkipped)],
    ["shards", shards(report)],
    ["run", report.part === null ? report.runId : `${report.runId}, part ${partText(report.part)}`],
    ["took", `${report.durationInSeconds.toFixed(1)} s`],
  ];
  return [
    `${SENTENCES[report.outcome]}${report.outcome === "sent" ? leftOut(report) : ""}`,
    "",
    ...rows.map(([name, text]) => `  ${name.padEnd(16)}${text}`),
    ...report.findings.flatMap(findingLines),
  ].join("\n");
}

function shards({ shards }: SendReport): string {
  if (shards.length === 0) return "none";
  return shards.map(({ shardId, eventsAcknowledged }) => `${shardId}: ${eventsAcknowledged}`).join(", ");
}
