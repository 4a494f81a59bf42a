import type { PutRecordsOutput } from "@aws-sdk/client-kinesis";
import { awsError, classify, describeError, type ErrorKind, isCredentialsError } from "../aws/errors";

/** A record to send: one event, its bytes unchanged. */
export interface OutgoingRecord {
  /** Position in the run, from 0. */
  readonly index: number;
  /** 1–256 characters, unique in the stream: it identifies the record when it is read. */
  readonly partitionKey: string;
  /** Decides the shard in place of the partition key. */
  readonly explicitHashKey?: string;
  readonly bytes: Buffer;
}

/** Records in order, as many per step as are available: an asynchronous step per record costs as much as sending it. */
export type RecordSource = AsyncIterable<readonly OutgoingRecord[]>;

/** Returns the size that counts against Kinesis's limits: the data and the partition key in UTF-8. */
export function recordSize(record: OutgoingRecord): number {
  return record.bytes.length + Buffer.byteLength(record.partitionKey);
}

/** Makes one attempt of a PutRecords request. Rejects when the signal aborts. */
export type PutRecords = (records: OutgoingRecord[], signal: AbortSignal) => Promise<PutRecordsOutput>;

/** Why a record was not acknowledged. */
export interface Reason {
  /** Error code of AWS or of the system, or one of this package, such as `record-too-large`. */
  code: string;
  /** Description for a message. */
  detail: string;
}

/** Highest number of reasons that are counted separately. */
const MAX_REASONS = 20;
const OTHER: Reason = { code: "other", detail: "other reasons" };

/** Counts events by the reason why they were not acknowledged, in bounded memory. */
export class ReasonCounts {
  readonly #counts = new Map<string, { code: string; events: number }>();

  add(reason: Reason): void {
    const isNamed = this.#counts.has(reason.detail) || this.#counts.size < MAX_REASONS;
    const { code, detail } = isNamed ? reason : OTHER;
    this.#counts.set(detail, { code, events: (this.#counts.get(detail)?.events ?? 0) + 1 });
  }

  /** The details with their number of events, most common first. */
  get ranked(): [detail: string, events: number][] {
    return this.#ranked().map(([detail, { events }]) => [detail, events]);
  }

  /** The codes of the reasons, most common first. */
  get codes(): string[] {
    return this.#ranked().map(([, { code }]) => code);
  }

  #ranked() {
    return [...this.#counts].sort(([, a], [, b]) => b.events - a.events);
  }
}

/** Code of a record that exceeds the stream's record size, and is never attempted. */
export const TOO_LARGE = "record-too-large";

/**
 * The outcome of one attempt for one record. `refused`: the record was certainly not written. `unknown`: it may have been
 * written, after a timeout, a reset connection, a 5xx or an unreadable response.
 */
export type RecordOutcome =
  | { kind: "acknowledged"; record: OutgoingRecord; shardId: string }
  | { kind: "refused" | "unknown"; record: OutgoingRecord; reason: Reason };

/** Whether a retry of the same records can help. `give-up`: not for them. `stop`: not for any other record either. */
export type Retry = "retry" | "give-up" | "stop";

export interface AttemptResult {
  outcomes: RecordOutcome[];
  retry: Retry;
  /** The rejection may come from a permission that has not propagated yet. */
  accessDenied: boolean;
  /** Client-side failure: this machine could not reach the destination, or had no valid credentials. */
  clientSide: boolean;
}

/**
 * Interprets a response record by record, by position. It ignores `FailedRecordCount`: a record without a sequence number was
 * not acknowledged, whatever the count says. Empty text counts as absent.
 */
export function readResponse(records: OutgoingRecord[], response: PutRecordsOutput): AttemptResult {
  const entries = response.Records ?? [];
  const mismatch = `PutRecords returned ${entries.length} entries for ${records.length} records`;
  const positional = entries.length === records.length;
  const outcomes = records.map((record, position): RecordOutcome => {
    if (!positional) return { kind: "unknown", record, reason: unreadable(mismatch) };
    const { SequenceNumber, ShardId, ErrorCode } = entries[position] ?? {};
    if (SequenceNumber && ShardId && !ErrorCode) return { kind: "acknowledged", record, shardId: ShardId };
    // A sequence number next to the error code contradicts it.
    const isRefused = ErrorCode === THROTTLED && !SequenceNumber;
    const reason = ErrorCode ? { code: ErrorCode, detail: ErrorCode } : unreadable(INCOMPLETE);
    return { kind: isRefused ? "refused" : "unknown", record, reason };
  });
  return { outcomes, retry: "retry", accessDenied: false, clientSide: false };
}

const INCOMPLETE = "PutRecords returned an entry without a sequence number, a shard or an error code";

function unreadable(detail: string): Reason {
  return { code: "unreadable-response", detail };
}

/** The only entry code after which the record was certainly not written. The other code is InternalFailure. */
const THROTTLED = "ProvisionedThroughputExceededException";

/** Errors before the request left this machine. */
const UNSENT: readonly ErrorKind[] = ["unreachable", "no-credentials"];
/** Rejections that pass: throttling, a clock that the SDK has corrected by now, a session that it renews. */
const PASSING: readonly ErrorKind[] = [
  "unreachable",
  "throttling",
  "temporary",
  "clock-skew",
  "expired-session",
  "rejected-signature",
];

/** Interprets a request that failed as a whole. */
export function readFailure(records: OutgoingRecord[], error: unknown): AttemptResult {
  const errorKind = classify(error);
  const { code, httpStatus } = awsError(error);
  const reason = { code, detail: describeError(error) };
  const isCertain = UNSENT.includes(errorKind) || isRejection(httpStatus);
  const kind = isCertain ? "refused" : "unknown";
  return {
    outcomes: records.map((record) => ({ kind, record, reason })),
    retry: isCertain ? retryAfterRejection(errorKind) : "retry",
    accessDenied: errorKind === "access-denied" || errorKind === "key-access-denied",
    clientSide: errorKind === "unreachable" || isCredentialsError(error),
  };
}

/** A 408 is a timeout, which a proxy may have met after it forwarded the request. */
function isRejection(httpStatus = 0): boolean {
  return httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408;
}

function retryAfterRejection(kind: ErrorKind): Retry {
  if (PASSING.includes(kind)) return "retry";
  return kind === "invalid-request" ? "give-up" : "stop";
}
