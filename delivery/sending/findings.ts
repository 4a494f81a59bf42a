import { describeError } from "../aws/errors";
import { DeliveryError, messageOf } from "../common/errors";
import { type Finding, type FindingCode, finding, mostCommon } from "../common/findings";
import { type Part, partText } from "../common/part";
import { counted } from "../common/text";
import { readingRemedy } from "../deployment/inspection";
import type { EventSource } from "../events/source";
import { type Reason, type ReasonCounts, TOO_LARGE } from "../kinesis/outcome";
import type { Stopped } from "../kinesis/producer";
import type { StreamUnreadable } from "../kinesis/streamReader";

export function notReadable({ message, cause }: StreamUnreadable, where: string): Finding {
  return finding.undetermined(
    "stream-not-readable",
    where,
    `The stream can't be read back, so it is unknown what arrived: ${message}: ${describeError(cause)}`,
    readingRemedy(cause),
  );
}

/** Creates the finding for shards that did not respond. Nothing is sent that can't be read back. */
export function notResponding(shardIds: string[], where: string): Finding {
  const silent = shardIds.length === 0 ? "The list of the stream's shards" : shardIds.join(", ");
  return timedOut(where, `${silent} did not respond in time, so nothing was sent`);
}

/** @param shardIds Shards that were not read; none if the timeout was too short to wait for missing events. */
export function notReadToEnd(shardIds: string[], where: string): Finding {
  const what =
    shardIds.length === 0
      ? "missing events could be waited for"
      : `${shardIds.join(", ")} ${shardIds.length === 1 ? "was" : "were"} read to the end of the run`;
  return timedOut(where, `Timed out before ${what}`);
}

function timedOut(where: string, message: string): Finding {
  return finding.undetermined(
    "stream-not-readable",
    where,
    message,
    "Check the network and the service's health, and run this again with a longer --timeout",
  );
}

/** @param what The events in words, such as `3 events`. */
export function eventsRefused(reasons: ReasonCounts, what: string, where: string): Finding {
  const { codes, ranked } = reasons;
  return codes.every((code) => code === TOO_LARGE)
    ? finding.error(
        "records-too-large",
        where,
        `${what} can't be delivered: ${mostCommon(ranked)}`,
        "Open the stream for larger records (`aws kinesis update-max-record-size`, up to 10 MiB), or filter such events out",
      )
    : finding.error(
        "events-refused",
        where,
        `${what} were refused by Kinesis and not delivered: ${mostCommon(ranked)}`,
        refusalRemedy(codes),
      );
}

export function writeRefused({ code, detail }: Reason, where: string): Finding {
  return finding.error(
    "write-refused",
    where,
    `Kinesis rejected every record, so sending stopped: ${detail}`,
    refusalRemedy([code]),
  );
}

export function senderFailed(reason: string, sent: number): Finding {
  return finding.undetermined(
    "sender-failed",
    "this machine",
    `This machine could not continue sending, after ${counted(sent, "event")}: ${reason}. That says nothing about the stream`,
    "Check the network and how long the credentials last, and run this again",
  );
}

/** Why a producer ended before its source did. */
export function endedEarly({ reason, clientSide }: Stopped, sent: number, where: string): Finding {
  return clientSide ? senderFailed(reason.detail, sent) : writeRefused(reason, where);
}

const REFUSAL_REMEDIES: readonly [code: RegExp, remedy: string][] = [
  [
    /ProvisionedThroughputExceeded|LimitExceeded/,
    "The stream takes less than was sent: raise shardCount or use ON_DEMAND, or send fewer events",
  ],
  [
    /KMS/,
    "The stream's KMS key can't be used: enable it, and let the role use kms:GenerateDataKey on it (its key policy and the role's policy)",
  ],
  [/AccessDenied/, "Run `pulumi up --refresh` to restore the role's write policy and its attachment"],
  [/ResourceNotFound/, "The stream is gone. Run `npx amplitude-kinesis check` for how to create it again"],
];

/** Returns the remedy for a rejection with one of the codes, of which the three most common count. */
function refusalRemedy(codes: string[]): string {
  const [, remedy] =
    REFUSAL_REMEDIES.find(([code]) => codes.slice(0, 3).some((each) => code.test(each))) ?? [];
  return remedy ?? "Fix the cause above, and run this again";
}

/** Creates the finding for a run whose records the stream may have lost since `from`, in epoch milliseconds. */
export function recordsExpired(from: number, reason: string, where: string): Finding {
  return finding.undetermined(
    "records-expired",
    where,
    `The stream may no longer have the events sent since ${new Date(from).toISOString()}: ${reason}`,
    "Start a new run",
  );
}

/** Whether a finding says that the stream lost records, so that no further process can decide the run. */
export function isOfLostRecords({ code }: Finding): boolean {
  return code === "records-expired";
}

/** Why sending ended early: the run file, the limit of one run, or else the source. */
export function sendingEnded(error: unknown, sent: number): Finding {
  const message = messageOf(error);
  const events = counted(sent, "event");
  switch (error instanceof DeliveryError ? error.code : undefined) {
    case "run-file":
      return finding.undetermined(
        "run-file-failed",
        "this machine",
        `${message}. Sending stopped after ${events}, because nothing is sent that is not in the run file`,
        "Free disk space, and run this again",
      );
    case "too-many-events":
      return finding.undetermined(
        "too-many-events",
        "the event source",
        `The source has too many events, so sending stopped after ${events}: ${message}`,
        "Split the run into several, each with a part of the events",
      );
    default:
      return finding.undetermined(
        "source-failed",
        "the event source",
        `The events could not be read to their end, so sending stopped after ${events}: ${message}`,
        "Fix or replace the file, and run this again",
      );
  }
}

/** Creates a warning for broken lines of an export, which were skipped. */
export function sourceProblems({ problems, problemCount }: EventSource): Finding[] {
  const [first] = problems;
  if (first === undefined) return [];
  const shown = problems
    .slice(0, 5)
    .map(({ file, line, reason }) => `${file}${line === undefined ? "" : `:${line}`}: ${reason}`);
  const more = problemCount > shown.length ? `; and ${problemCount - shown.length} more` : "";
  return [
    finding.warning(
      "source-problems",
      first.file,
      `${counted(problemCount, "part of the export isn't an event and was", "parts of the export aren't events and were")} skipped: ${shown.join("; ")}${more}`,
      "Export the hours concerned again, if those events matter for the test",
    ),
  ];
}

/** Findings that a resumed run may resolve. */
const OF_AN_UNFINISHED_RUN: ReadonlySet<FindingCode> = new Set<FindingCode>([
  "events-unread",
  "interrupted",
  "run-file-failed",
  "sender-failed",
  "source-failed",
  "stream-not-readable",
]);

export function isOfUnfinishedRun({ code }: Finding): boolean {
  return OF_AN_UNFINISHED_RUN.has(code);
}

/** Adds the command that resumes the run to the findings of a resumable run. */
export function withResumption(findings: Finding[], runId: string, part: Part | undefined): Finding[] {
  const options = part === undefined ? runId : `${runId} --part ${partText(part)}`;
  return findings.map((finding) =>
    isOfUnfinishedRun(finding)
      ? {
          ...finding,
          remedy: `${finding.remedy}. Or resume this run with \`npx amplitude-kinesis verify --resume ${options}\``,
        }
      : finding,
  );
}

export function interrupted(sent: number): Finding {
  return finding.undetermined(
    "interrupted",
    "this run",
    `The run was interrupted after ${counted(sent, "event")}`,
    "Run it again and let it end",
  );
}

export function noEvents(source: EventSource): DeliveryError {
  const [problem] = sourceProblems(source);
  const why = problem === undefined ? "" : `. ${problem.message}`;
  return new DeliveryError(
    "no-events",
    `The source has no events${why}. Pass a file of Amplitude's Export API with --export, or use --events N`,
  );
}
