import type { PutRecordsOutput, PutRecordsResultEntry } from "@aws-sdk/client-kinesis";
import type { OutgoingRecord, PutRecords } from "../../../delivery/kinesis/outcome";

/** What one request meets. */
export type Answer = (
  records: OutgoingRecord[],
  signal: AbortSignal,
) => PutRecordsOutput | Promise<PutRecordsOutput>;

const ACKNOWLEDGED: PutRecordsResultEntry = { SequenceNumber: "1", ShardId: "shardId-0" };
export const THROTTLED: PutRecordsResultEntry = { ErrorCode: "ProvisionedThroughputExceededException" };
export const INTERNAL_FAILURE: PutRecordsResultEntry = { ErrorCode: "InternalFailure" };

export const acknowledge: Answer = (records) => ({ Records: records.map(() => ACKNOWLEDGED) });

/** Other entries for the records that the map holds, by their index. */
export function acknowledgeExcept(entries: Record<number, PutRecordsResultEntry>): Answer {
  return (records) => ({ Records: records.map(({ index }) => entries[index] ?? ACKNOWLEDGED) });
}

export function fail(error: Error): Answer {
  return () => Promise.reject(error);
}

/** As a connection that stays silent: ends with the signal alone. */
export const neverAnswer: Answer = (_records, signal) =>
  new Promise((_resolve, reject) => {
    const end = () => reject(Object.assign(new Error("Request aborted"), { name: "AbortError" }));
    if (signal.aborted) end();
    signal.addEventListener("abort", end);
  });

/** A stream that answers the first requests as it is told, and the further ones by acknowledging them. */
export class FakePut {
  /** The records of each request, in the order of the requests. */
  readonly requests: OutgoingRecord[][] = [];
  mostAtOnce = 0;
  #atOnce = 0;

  constructor(
    private readonly answers: readonly Answer[] = [],
    private readonly further: Answer = acknowledge,
  ) {}

  readonly put: PutRecords = async (records, signal) => {
    this.requests.push(records);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      return await (this.answers[this.requests.length - 1] ?? this.further)(records, signal);
    } finally {
      this.#atOnce -= 1;
    }
  };
}
