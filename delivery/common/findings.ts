/**
 * How much a finding weighs: an `error` stops or disproves delivery, `undetermined` leaves a part of the proof open,
 * a `warning` endangers it or is worth knowing.
 */
export type Severity = "error" | "undetermined" | "warning";

/** What a finding is about: stable, for programs. */
export type FindingCode =
  | "stream-not-found"
  | "stream-not-active"
  | "stream-not-described"
  | "stream-not-encrypted"
  | "stream-not-readable"
  | "role-not-found"
  | "role-not-readable"
  | "role-not-assumable"
  | "amplitude-not-trusted"
  | "anyone-trusted"
  | "trust-undetermined"
  | "write-not-allowed"
  | "simulate-not-allowed"
  | "simulation-unavailable"
  | "permissions-undetermined"
  | "output-untrue"
  | "stream-retention-short"
  | "stream-policy-denies"
  | "stream-policy-open"
  | "stream-policy-undetermined"
  | "key-unusable"
  | "key-undetermined"
  | "others-trusted"
  | "trust-too-broad"
  | "permissions-too-broad"
  | "policies-not-readable"
  | "untagged"
  | "tags-not-readable"
  | "alarm-missing"
  | "alarm-tells-nobody"
  | "alarm-raised"
  | "alarms-not-readable"
  | "sender-failed"
  | "write-refused"
  | "records-too-large"
  | "events-refused"
  | "events-unanswered"
  | "events-lost"
  | "events-corrupted"
  | "events-unread"
  | "duplicates-unexplained"
  | "refused-but-delivered"
  | "records-expired"
  | "order-not-measured"
  | "run-file-failed"
  | "source-problems"
  | "source-failed"
  | "unexpected-app"
  | "app-unknown"
  | "nothing-arrived"
  | "too-few-events"
  | "shape-deviates"
  | "foreign-records"
  | "latency-above-documented"
  | "events-not-arrived"
  | "records-not-understood"
  | "fields-rewritten"
  | "identify-not-forwarded"
  | "several-events-in-record"
  | "interrupted";

/** Something that the person who runs the check should know or do. */
export interface Finding {
  /** Stable; the words may change. */
  code: FindingCode;
  /** How much it weighs. */
  severity: Severity;
  /** What is wrong, and why it matters. */
  message: string;
  /** The ARN, name, file or setting that it is about. */
  where: string;
  /** What to do next. */
  remedy: string;
}

export function hasSeverity(findings: readonly Finding[], severity: Severity): boolean {
  return findings.some((finding) => finding.severity === severity);
}

/** `verified`: every event arrived intact. `failed`: something did not, or can't. `undecided`: time ran out, or a part could not be checked. */
export type Verdict = "verified" | "failed" | "undecided";

/** What of a shard the run has seen; zeros for one that no event fell to. */
export interface ShardReport {
  /** Such as `shardId-000000000000`. */
  shardId: string;
  /** Events that Kinesis acknowledged to have put there. */
  eventsAcknowledged: number;
  /** Records of this run that were read from it, duplicates included. */
  recordsRead: number;
}

const SIGNS: Record<Finding["severity"], string> = { error: "✗", undetermined: "?", warning: "!" };

/** A finding in lines, an empty one before it. */
export function findingLines({ severity, code, message, where, remedy }: Finding): string[] {
  return ["", `${SIGNS[severity]} ${code}: ${message}`, `  where:  ${where}`, `  remedy: ${remedy}`];
}

/** Returns the three most common of sorted reasons in words: `throttled (7); timed out (2)`. */
export function mostCommon(reasons: readonly (readonly [reason: string, events: number])[]): string {
  return reasons
    .slice(0, 3)
    .map(([reason, events]) => `${reason} (${events})`)
    .join("; ");
}
