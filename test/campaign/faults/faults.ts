/** What a whole request can meet. `carriedOut`: it is done, whatever is told of it. */
export type RequestFault =
  | { kind: "error"; code: string; status: number; carriedOut: boolean }
  /** The connection is reset instead of an answer. */
  | { kind: "reset"; carriedOut: boolean }
  /** Carried out, and the answer breaks off in its middle. */
  | { kind: "cut" }
  /** Carried out, and a page of HTML comes with status 200. */
  | { kind: "page" }
  /** Carried out, and the answer comes in drops. */
  | { kind: "slow" }
  /** Carried out after a while. */
  | { kind: "delay" }
  /** Never carried out nor answered. */
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

/** What one entry of a PutRecords request can meet: what is told of it, and what is written. */
export interface EntryFault {
  told: "acknowledged" | "throttled" | "failed";
  /** Into the stream: `whole` as it came, `changed` with another byte. */
  copies: ("whole" | "changed")[];
  /** Into another stream instead. */
  elsewhere?: true;
  /** Written only some time after it was told. */
  late?: true;
  /** Acknowledged with an error code of no letters. */
  blankCode?: true;
  /** Acknowledged on a shard that does not exist. */
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
 * What an answer of GetRecords can be, beside what any request can meet: a few of the records, none of them yet, or `again`
 * those from an earlier place on.
 */
export type ReadFaultName = RequestFaultName | "few" | "none-yet" | "again";

/** Shard that no stream has. */
export const MADE_UP_SHARD = "shardId-000000999999";
