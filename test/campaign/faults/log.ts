import { createHash } from "node:crypto";

/** What the client was told of a record at one attempt. `unclear`: it can't know whether the record was written. */
export type Told =
  | { kind: "acknowledged"; shardId: string }
  | { kind: "refused"; code: string }
  | { kind: "unclear"; why: string };

export interface Attempt {
  partitionKey: string;
  /** From 1. */
  attempt: number;
  /** The PutRecords request that it was made in: they are numbered from 1. */
  request: number;
  /** In ms since 1970. */
  begunAt: number;
  /** Absent until something was told. */
  told?: Told;
  toldAt?: number;
}

/** A record that was written into the stream. */
export interface Copy {
  partitionKey: string;
  /** SHA-256 of its bytes. */
  digest: string;
  shardId: string;
  sequenceNumber: string;
  /** The number that the reader was told, if it is another. */
  toldNumber?: string;
  writtenAt: number;
}

/** One request of a reader, and what became of it. */
export interface Reading {
  operation: "ListShards" | "GetShardIterator" | "GetRecords";
  /** Empty for ListShards. */
  shardId: string;
  begunAt: number;
  /** `pending` until it is answered: for good, where the shard has fallen silent. */
  outcome: "pending" | "answered" | { code: string };
  /** Of answered GetRecords: how far behind the shard's tip it truly was. */
  behindMs?: number;
  /** Of answered GetRecords: the shard is closed, and this was its end. */
  isEnd?: boolean;
  /** Of answered GetRecords: the sequence numbers that it gave. */
  served?: string[];
  /** How far behind it was told to be, if that is not true. */
  toldBehindMs?: number;
  /** When the last of them arrived at the latest, by the reader's clock, as far as it can know. */
  lastArrivalAt?: number;
}

/** The truth of one run: what was written where, what was read, and what the client was told. */
export class TruthLog {
  readonly attempts: Attempt[] = [];
  readonly copies: Copy[] = [];
  readonly readings: Reading[] = [];
  /** How far the service's clock is ahead of the reader's, for all that the reader can know. */
  clockOffsetMs = 0;
  readonly #attemptsOf = new Map<string, Attempt[]>();
  readonly #copiesAt = new Map<string, Copy>();

  /** Different partition keys that were sent so far. */
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

  /** @param data in base64. */
  wrote(copy: Omit<Copy, "digest">, data: string): void {
    const entry = { ...copy, digest: digestOf(Buffer.from(data, "base64")) };
    this.copies.push(entry);
    this.#copiesAt.set(placeOf(entry), entry);
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
