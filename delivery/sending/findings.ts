import { awsError, describeError, isAccessDenied } from "../aws/errors";
import { DeliveryError, messageOf } from "../common/errors";
import { type Finding, type FindingCode, finding } from "../common/findings";
import { ACTIONS } from "../deployment/iam/actions";
import { grantRemedy } from "../deployment/inspection";
import type { EventSource } from "../events/source";
import type { Stopped } from "../kinesis/producer";
import type { StreamUnreadable } from "../kinesis/streamReader";

export function notReadable({ message, cause }: StreamUnreadable, where: string): Finding {
  const isRefused = isAccessDenied(cause) || awsError(cause).code === "KMSAccessDeniedException";
  return {
    code: "stream-not-readable",
    severity: "undetermined",
    message: `The stream can't be read back, so nothing can be said about what arrived: ${message}: ${describeError(cause)}`,
    where,
    remedy: isRefused
      ? `${grantRemedy(ACTIONS.readShards, "the stream")}, and kms:Decrypt on a customer managed key`
      : "Check the network, the credentials' lifetime and the service's health, and run this again",
  };
}

/** Nothing was sent: what can't be read back can't be accounted for. */
export function notAnswering(shardIds: string[], where: string): Finding {
  const silent = shardIds.length === 0 ? "The list of the stream's shards" : shardIds.join(", ");
  return {
    code: "stream-not-readable",
    severity: "undetermined",
    message: `${silent} gave no answer in time, so nothing was sent`,
    where,
    remedy: "Check the network and the service's health, and run this again with a longer --timeout",
  };
}

/** @param shardIds what had not been read: none where time was too short to wait for what is missing. */
export function notReadToEnd(shardIds: string[], where: string): Finding {
  const what =
    shardIds.length === 0
      ? "what is missing had been waited for"
      : `the stream was read to the end of the run: not so ${shardIds.join(", ")}`;
  return {
    code: "stream-not-readable",
    severity: "undetermined",
    message: `The time ran out before ${what}`,
    where,
    remedy: "Check the network and the service's health, and run this again with a longer --timeout",
  };
}

export function writeRefused(reason: string, where: string): Finding {
  return {
    code: "write-refused",
    severity: "error",
    message: `Kinesis takes nothing of what is sent, so the rest of the events was not sent: ${reason}`,
    where,
    remedy: refusalRemedy(reason),
  };
}

export function senderFailed(reason: string, sent: number): Finding {
  return {
    code: "sender-failed",
    severity: "undetermined",
    message: `This machine could not go on sending, which says nothing of the stream; ${sent} event(s) had been tried: ${reason}`,
    where: "this machine",
    remedy: "Check the network and how long the credentials last, and run this again",
  };
}

/** Why a producer ended before its source did. */
export function endedEarly({ reason, clientSide }: Stopped, sent: number, where: string): Finding {
  return clientSide ? senderFailed(reason, sent) : writeRefused(reason, where);
}

/** What helps against a refusal, by its reason. */
export function refusalRemedy(reason: string): string {
  if (/ProvisionedThroughputExceeded|LimitExceeded/.test(reason)) {
    return "The stream takes less than was sent: raise shardCount or use ON_DEMAND, or send fewer events";
  }
  if (/KMS/.test(reason)) {
    return "The stream's KMS key can't be used: enable it, and let the role use kms:GenerateDataKey on it (its key policy and the role's policy)";
  }
  if (/AccessDenied/.test(reason))
    return "Run `pulumi up --refresh` to restore the role's write policy and its attachment";
  if (/ResourceNotFound/.test(reason)) return "The stream is gone: run `pulumi up --refresh`";
  return "Mend what the reason names, and run this again";
}

/** Records of a run that is gone on with have gone with the time. */
export function recordsExpired(from: Date, where: string): Finding {
  return {
    code: "records-expired",
    severity: "undetermined",
    message: `What was sent since ${from.toISOString()} is not in the stream any more: it is older than the stream keeps records`,
    where,
    remedy: "Begin a new run",
  };
}

/** Why sending ended early: the run file, the limit of one run, or else the source. */
export function sendingEnded(error: unknown, sent: number): Finding {
  const code = error instanceof DeliveryError ? error.code : undefined;
  if (code === "run-file") return runFileFailed(error as DeliveryError, sent);
  if (code === "too-many-events") return tooManyEvents(error as DeliveryError, sent);
  return sourceFailed(error, sent);
}

function tooManyEvents({ message }: DeliveryError, sent: number): Finding {
  return finding.undetermined(
    "too-many-events",
    "the event source",
    `The source has too many events, so sending stopped after ${sent} events: ${message}`,
    "Split the run into several, each with a part of the events",
  );
}

function runFileFailed({ message }: DeliveryError, sent: number): Finding {
  return {
    code: "run-file-failed",
    severity: "undetermined",
    message: `${message}. Sending ended after ${sent} event(s): nothing is sent that the file does not know of`,
    where: "this machine",
    remedy: "Make room, and run this again",
  };
}

function sourceFailed(error: unknown, sent: number): Finding {
  return {
    code: "source-failed",
    severity: "undetermined",
    message: `The events could not be read to their end, ${sent} were sent: ${messageOf(error)}`,
    where: "the event source",
    remedy: "Mend or replace the file, and run this again",
  };
}

/** A broken line of an export is no fault of the delivery; the rest went on. */
export function sourceProblems({ problems, problemCount }: EventSource): Finding[] {
  const [first] = problems;
  if (first === undefined) return [];
  const shown = problems
    .slice(0, 5)
    .map(({ file, line, reason }) => `${file}${line === undefined ? "" : `:${line}`}: ${reason}`);
  const more = problemCount > shown.length ? `; and ${problemCount - shown.length} more` : "";
  return [
    {
      code: "source-problems",
      severity: "warning",
      message: `${problemCount} piece(s) of the export are not events and were left out: ${shown.join("; ")}${more}`,
      where: first.file,
      remedy: "Export the hours concerned again, if those events matter for the test",
    },
  ];
}

/** What a run that goes on may still find out. */
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

/** The findings of a run that can be gone on with, with the command for it. */
export function withResumption(findings: Finding[], runId: string): Finding[] {
  return findings.map((finding) =>
    isOfUnfinishedRun(finding)
      ? {
          ...finding,
          remedy: `${finding.remedy}; \`amplitude-kinesis verify --resume ${runId}\` goes on with this run`,
        }
      : finding,
  );
}

export function interrupted(sent: number): Finding {
  return {
    code: "interrupted",
    severity: "undetermined",
    message: `The run was interrupted after ${sent} event(s)`,
    where: "this run",
    remedy: "Run it again and let it end",
  };
}

export function noEvents(source: EventSource): DeliveryError {
  const [problem] = sourceProblems(source);
  const why = problem === undefined ? "" : `. ${problem.message}`;
  return new DeliveryError(
    "no-events",
    `The source has no events${why}. Give --export a file of Amplitude's Export API, or use --events N`,
  );
}
