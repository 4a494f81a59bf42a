import { createHash } from "node:crypto";

/** The client's view of one attempt of a record. `unclear`: it can't know whether the record was written. */
export type Told =
  | { kind: "acknowledged"; shardId: string }
  | { kind: "refused"; code: string }
  | { kind: "unclear"; why: string };

export interface Attempt {
  partitionKey: string;
  /** Number of the attempt, from 1. */
  attempt: number;
  /** Number of its PutRecords request, from 1. */
  request: number;
  /** Epoch time in ms. */
  begunAt: number;
  /** Undefined until the client got a response. */
  told?: Told;
  toldAt?: number;
}

/** A record that was written to the stream. */
export interface Copy {
  partitionKey: string;
  /** SHA-256 of the record's bytes. */
  digest: string;
  shardId: string;
  sequenceNumber: string;
  /** Sequence number in the reader's response, if it differs. */
  toldNumber?: string;
  writtenAt: number;
}

/** One request of a reader, and its outcome. */
export interface Reading {
  operation: "ListShards" | "GetShardIterator" | "GetRecords";
  /** Empty for ListShards. */
  shardId: string;
  begunAt: number;
  /** Epoch time in ms of the response. */
  endedAt?: number;
  /** `pending` until the response; stays so if the shard is silent. */
  outcome: "pending" | "answered" | { code: string };
  /** For GetRecords with a response: its lag behind the shard's tip, unless the response lies about it. */
  behindMs?: number;
  /** For GetRecords with a response: whether it reached the end of a closed shard. */
  isEnd?: boolean;
  /** For GetRecords with a response: the sequence numbers in it. */
  served?: string[];
  /** Latest possible arrival of the last record, by the reader's clock, as far as the reader can know. */
  lastArrivalAt?: number;
}

/** The truth about one run: records written and read, and the responses that the client got. */
export class TruthLog {
  readonly attempts: Attempt[] = [];
  readonly copies: Copy[] = [];
  readonly readings: Reading[] = [];
  /** Maximum offset of the service's clock from the reader's, as far as the reader can know. */
  clockOffsetMs = 0;
  readonly #attemptsOf = new Map<string, Attempt[]>();
  readonly #copiesAt = new Map<string, Copy>();

  /** Number of different partition keys sent so far. */
  get keys(): number {
    return this.#attemptsOf.size;
  }

  begin(partitionKey: string, request: number, now: number): Attempt {
    const earlier = this.#attemptsOf.get(partitionKey) ?? [];
    const attempt: Attempt = { partitionKey, attempt: earlier.length + 1, request, begunAt: now };
    this.#attemptsOf.set(partitionKey, [...earlier, attempt]);
    this.attempts.push(attempt);
    return attempt;
  }

  tell(attempt: Attempt, told: Told, now: number): void {
    attempt.told = told;
    attempt.toldAt = now;
  }

  /** @param data Bytes in base64. */
  wrote(copy: Omit<Copy, "digest">, data: string): void {
    const entry = { ...copy, digest: digestOf(Buffer.from(data, "base64")) };
    this.copies.push(entry);
    this.#copiesAt.set(placeOf(entry), entry);
  }

  /** Makes a record known that others wrote, so that it can be found where it was read. */
  adopt(copy: Copy): void {
    this.#copiesAt.set(placeOf(copy), copy);
  }

  attemptsOf(partitionKey: string): readonly Attempt[] {
    return this.#attemptsOf.get(partitionKey) ?? [];
  }

  copyAt(shardId: string, sequenceNumber: string): Copy | undefined {
    return this.#copiesAt.get(placeOf({ shardId, sequenceNumber }));
  }

  read(reading: Reading): Reading {
    this.readings.push(reading);
    return reading;
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function placeOf({ shardId, sequenceNumber }: Pick<Copy, "shardId" | "sequenceNumber">): string {
  return `${shardId}:${sequenceNumber}`;
}
