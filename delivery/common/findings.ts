import { MAX_TEXT_LENGTH } from "./limits";
import { redactSecrets } from "./redactSecrets";

/**
 * Weight of a finding: an `error` stops or disproves delivery, `undetermined` leaves a part of the proof open, a `warning`
 * endangers delivery or is worth knowing.
 */
export type Severity = "error" | "undetermined" | "warning";

/** Stable identifier of a finding, for programs. */
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
  | "output-mismatch"
  | "stream-retention-short"
  | "stream-policy-denies"
  | "stream-policy-open"
  | "stream-policy-undetermined"
  | "key-unusable"
  | "key-undetermined"
  | "others-trusted"
  | "deleted-principal"
  | "trust-too-broad"
  | "permissions-too-broad"
  | "policies-not-readable"
  | "untagged"
  | "tags-not-readable"
  | "alarm-missing"
  | "alarm-tells-nobody"
  | "alarm-raised"
  | "alarms-not-readable"
  | "guard-missing"
  | "guard-stopped"
  | "guard-projects-differ"
  | "guard-not-readable"
  | "guard-blind"
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
  | "run-file-failed"
  | "too-many-events"
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
  | "interrupted"
  | "events-missing"
  | "hours-not-exported"
  | "events-not-matchable"
  | "types-not-forwarded"
  | "types-not-exported"
  | "events-different"
  | "events-duplicated"
  | "events-late"
  | "rows-unexplained"
  | "backfill-incomplete"
  | "pending-operations"
  | "stack-locked"
  | "metrics-disagree"
  | "metrics-unavailable"
  | "part-missing"
  | "part-duplicated"
  | "part-of-another-run"
  | "part-of-another-export"
  | "parts-not-merged"
  | "parts-without-run";

/** A problem, or a fact worth knowing, and what to do about it. */
export interface Finding {
  /** Stable; the message may change. */
  code: FindingCode;
  /** Weight. */
  severity: Severity;
  /** Description of the event and its consequence. */
  message: string;
  /** ARN, name, file or setting. */
  where: string;
  /** Next step, as an imperative. */
  remedy: string;
}

type NewFinding = (code: FindingCode, where: string, message: string, remedy: string) => Finding;

/** Creates findings: `finding.error(code, where, message, remedy)`; `finding[severity](…)` for a severity that varies. */
export const finding: Record<Severity, NewFinding> = {
  error: ofSeverity("error"),
  undetermined: ofSeverity("undetermined"),
  warning: ofSeverity("warning"),
};

function ofSeverity(severity: Severity): NewFinding {
  return (code, where, message, remedy) => ({
    code,
    severity,
    message: shortened(message),
    where: shortened(where),
    remedy: shortened(remedy),
  });
}

/** Returns the items of a list of conditions that hold: `condition && finding.error(…)`. */
export function present<Item = Finding>(items: readonly (Item | false)[]): Item[] {
  return items.filter((each): each is Item => each !== false);
}

/** A message may quote a response of any length. Credentials are redacted first, because a part of one isn't found. */
function shortened(quoted: string): string {
  const text = redactSecrets(quoted);
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text;
}

const ORDER: readonly Severity[] = ["error", "undetermined", "warning"];

/** Returns the findings with the most severe first, and those of one severity in their order. */
export function bySeverity<Item extends Finding>(findings: readonly Item[]): Item[] {
  return ORDER.flatMap((severity) => findings.filter((each) => each.severity === severity));
}

/** Whether a finding of this severity is among them. */
export function hasSeverity(findings: readonly Finding[], severity: Severity): boolean {
  return findings.some((each) => each.severity === severity);
}

/** `verified`: every event arrived intact. `failed`: an event did not, or can't. `undecided`: time ran out, or a part could not be checked. */
export type Verdict = "verified" | "failed" | "undecided";

/** Returns the verdict of the findings: `success` if there are only warnings. */
export function verdictOf<Success extends string>(
  findings: readonly Finding[],
  success: Success,
): Success | "failed" | "undecided" {
  if (hasSeverity(findings, "error")) return "failed";
  return hasSeverity(findings, "undetermined") ? "undecided" : success;
}

const SIGNS: Record<Severity, string> = { error: "✗", undetermined: "?", warning: "!" };

/** Returns a finding as lines of text, after an empty one. */
export function findingLines({ severity, code, message, where, remedy }: Finding): string[] {
  return ["", `${SIGNS[severity]} ${code}: ${message}`, `  where:  ${where}`, `  remedy: ${remedy}`];
}

/** Items of a list that a message shows. */
const MAX_LISTED = 5;

/** Returns the first `max` items in words, by default five, and how many more there are. */
export function listed(items: readonly string[], max = MAX_LISTED): string {
  const more = items.length - max;
  return `${items.slice(0, max).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** Returns the three most common of sorted reasons in words: `throttled (7); timed out (2)`. */
export function mostCommon(reasons: readonly (readonly [reason: string, events: number])[]): string {
  return reasons
    .slice(0, 3)
    .map(([reason, events]) => `${reason} (${events})`)
    .join("; ");
}

/** A shard's part of a run; zeros for a shard that no event fell to. */
export interface ShardReport {
  /** Such as `shardId-000000000000`. */
  shardId: string;
  /** Events that Kinesis acknowledged on this shard. */
  eventsAcknowledged: number;
  /** Records of this run that were read from it, duplicates included. */
  recordsRead: number;
}
