import type { PutRecordsOutput } from "@aws-sdk/client-kinesis";
import { awsError, describeError, isAccessDenied, isCredentialsError, neverSent } from "../aws/errors";
import type { OutgoingRecord } from "./record";

/**
 * What one attempt says of one record. `refused` is certain: the record was not written. `unknown` may or may not have
 * been written: a time-out, a reset connection, a 5xx, an answer that can't be read.
 */
export type RecordOutcome =
  | { kind: "acknowledged"; record: OutgoingRecord; shardId: string }
  | { kind: "refused" | "unknown"; record: OutgoingRecord; reason: string };

/** Whether sending the same records again can help. */
export type Retry = "retry" | "give-up" | "stop";

export interface AttemptResult {
  outcomes: RecordOutcome[];
  /** `retry`: what was not acknowledged can be sent again. `give-up`: it can't. `stop`: nor can anything else. */
  retry: Retry;
  /** A refusal that may be a permission which has not spread yet. */
  accessDenied: boolean;
  /** Nothing of the destination: this machine could not reach it, or had no credentials to sign with. */
  ofSender: boolean;
}

/**
 * Reads an answer, record by record and by position. `FailedRecordCount` is not relied on: a record without a
 * sequence number was not acknowledged, whatever the count says.
 */
export function readAnswer(records: OutgoingRecord[], answer: PutRecordsOutput): AttemptResult {
  const entries = answer.Records ?? [];
  const positional = entries.length === records.length;
  const outcomes = records.map((record, position): RecordOutcome => {
    const entry = positional ? entries[position] : undefined;
    if (entry?.SequenceNumber !== undefined && entry.ShardId !== undefined && entry.ErrorCode === undefined) {
      return { kind: "acknowledged", record, shardId: entry.ShardId };
    }
    const reason =
      entry?.ErrorCode ?? `PutRecords answered ${entries.length} entries for ${records.length} records`;
    return { kind: reason === THROTTLED ? "refused" : "unknown", record, reason };
  });
  return { outcomes, retry: "retry", accessDenied: false, ofSender: false };
}

/** The one entry code that says for certain that the record was not written. The other one is InternalFailure. */
const THROTTLED = "ProvisionedThroughputExceededException";

/** Reads a request that failed as a whole. */
export function readFailure(records: OutgoingRecord[], error: unknown): AttemptResult {
  const { httpStatus } = awsError(error);
  const reason = describeError(error);
  const certain = neverSent(error) || isCredentialsFailure(error) || isRefusal(httpStatus);
  const kind = certain ? "refused" : "unknown";
  return {
    outcomes: records.map((record) => ({ kind, record, reason })),
    retry: certain ? retryAfterRefusal(error) : "retry",
    accessDenied: isAccessDenied(error) || awsError(error).code === "KMSAccessDeniedException",
    ofSender: neverSent(error) || isCredentialsError(error),
  };
}

/** A 408 is a time-out, which a proxy may have met after it passed the request on. */
function isRefusal(httpStatus = 0): boolean {
  return httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408;
}

/** The request was never made, for want of credentials to sign it with. */
function isCredentialsFailure(error: unknown): boolean {
  return /^(CredentialsProviderError|TokenProviderError)$/.test(awsError(error).code);
}

/** Refusals that pass: throttling, a clock that the SDK has set right by now, a session that it renews. */
const PASSING =
  /^(ProvisionedThroughputExceeded|LimitExceeded|KMSThrottling|Throttling|ThrottledException|TooManyRequests|RequestLimitExceeded|SlowDown|RequestTimeout|RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|ExpiredToken|InvalidSignature|SignatureDoesNotMatch|ResourceInUse)/;
/** Refusals of this one request, not of the stream or of the sender. */
const OF_THE_REQUEST = /^(ValidationException|InvalidArgumentException|SerializationException)$/;

function retryAfterRefusal(error: unknown): Retry {
  const { code, httpStatus } = awsError(error);
  if (PASSING.test(code) || httpStatus === 429 || neverSent(error)) return "retry";
  return OF_THE_REQUEST.test(code) ? "give-up" : "stop";
}
