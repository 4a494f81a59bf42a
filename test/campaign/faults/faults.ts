/** Fault of a whole request. `carriedOut`: the request takes effect, whatever the response says. */
export type RequestFault =
  | { kind: "error"; code: string; status: number; carriedOut: boolean }
  /** The connection is reset instead of a response. */
  | { kind: "reset"; carriedOut: boolean }
  /** The request takes effect, and the response ends in its middle. */
  | { kind: "cut" }
  /** The request takes effect, and the response is an HTML page with status 200. */
  | { kind: "page" }
  /** The request takes effect, and the response arrives in drops. */
  | { kind: "slow" }
  /** The request takes effect after a delay. */
  | { kind: "delay" }
  /** The request has no effect and gets no response. */
  | { kind: "silence" };

/** Codes and statuses: Kinesis API Reference, PutRecords, GetRecords and "Common errors". */
export const REQUEST_FAULTS = {
  throttled: refusal("ProvisionedThroughputExceededException"),
  "limit-exceeded": refusal("LimitExceededException"),
  "kms-throttled": refusal("KMSThrottlingException"),
  "kms-access-denied": refusal("KMSAccessDeniedException"),
  "kms-disabled": refusal("KMSDisabledException"),
  "access-denied": refusal("AccessDeniedException"),
  "expired-token": refusal("ExpiredTokenException"),
  "expired-iterator": refusal("ExpiredIteratorException"),
  "internal-before": { kind: "error", code: "InternalFailure", status: 500, carriedOut: false },
  "internal-after": { kind: "error", code: "InternalFailure", status: 500, carriedOut: true },
  "unavailable-before": { kind: "error", code: "ServiceUnavailable", status: 503, carriedOut: false },
  "unavailable-after": { kind: "error", code: "ServiceUnavailable", status: 503, carriedOut: true },
  "reset-before": { kind: "reset", carriedOut: false },
  "reset-after": { kind: "reset", carriedOut: true },
  cut: { kind: "cut" },
  page: { kind: "page" },
  slow: { kind: "slow" },
  delay: { kind: "delay" },
  silence: { kind: "silence" },
} satisfies Record<string, RequestFault>;

export type RequestFaultName = keyof typeof REQUEST_FAULTS;

function refusal(code: string): RequestFault {
  return { kind: "error", code, status: 400, carriedOut: false };
}

/** Fault of one entry of a PutRecords request: its response, and what is written. */
export interface EntryFault {
  told: "acknowledged" | "throttled" | "failed";
  /** Copies written into the stream: `whole` unchanged, `changed` with another byte. */
  copies: ("whole" | "changed")[];
  /** Whether the record is written into another stream instead. */
  elsewhere?: true;
  /** Whether the record is written only some time after the response. */
  late?: true;
  /** Whether the acknowledgement has an empty error code. */
  blankCode?: true;
  /** Whether the acknowledgement names a shard that does not exist. */
  misplaced?: true;
}

export const ENTRY_FAULTS = {
  throttled: { told: "throttled", copies: [] },
  failed: { told: "failed", copies: [] },
  "failed-but-written": { told: "failed", copies: ["whole"] },
  "throttled-but-written": { told: "throttled", copies: ["whole"] },
  lost: { told: "acknowledged", copies: [] },
  twice: { told: "acknowledged", copies: ["whole", "whole"] },
  changed: { told: "acknowledged", copies: ["changed"] },
  "twice-once-changed": { told: "acknowledged", copies: ["whole", "changed"] },
  elsewhere: { told: "acknowledged", copies: [], elsewhere: true },
  late: { told: "acknowledged", copies: ["whole"], late: true },
  "blank-code": { told: "acknowledged", copies: ["whole"], blankCode: true },
  misplaced: { told: "acknowledged", copies: ["whole"], misplaced: true },
} satisfies Record<string, EntryFault>;

export type EntryFaultName = keyof typeof ENTRY_FAULTS;

/**
 * Fault of a GetRecords response, besides those of any request: only a few of the records, none of them yet, or `again`
 * those from an earlier position.
 */
export type ReadFaultName = RequestFaultName | "few" | "none-yet" | "again";

/** Id of a shard that no stream has. */
export const MADE_UP_SHARD = "shardId-000000999999";
