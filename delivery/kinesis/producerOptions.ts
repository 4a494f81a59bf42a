import type { PutRecordsOutput } from "@aws-sdk/client-kinesis";
import type { Clock } from "../common/clock";
import type { OutgoingRecord } from "./record";

/** One PutRecords request, made once; it rejects when the signal aborts. */
export type PutRecords = (records: OutgoingRecord[], signal: AbortSignal) => Promise<PutRecordsOutput>;

/** Told what becomes of every record sent; exactly one of the last five ends each. Times are in ms since 1970. */
export interface OutcomeListener {
  /** An attempt of these records is about to be made; where this throws, it is not. */
  beforeAttempt?(records: readonly OutgoingRecord[], at: number): void;
  /** An attempt begins that holds this record. */
  onAttempt(index: number, at: number): void;
  /** An attempt may or may not have written the record; it may be tried again. */
  onAmbiguous(index: number): void;
  onAcknowledged(index: number, shardId: string, at: number): void;
  /** Certainly not written by any attempt that gave an answer, and given up. */
  onRefused(index: number, reason: string): void;
  /** No attempt was acknowledged, at least one may have been carried out, and given up. */
  onUnanswered(index: number, reason: string): void;
  /** Certainly not written, and would have been tried again, had the run not been ended. */
  onAbandoned(index: number): void;
  /** As unanswered, and would have been tried again, had the run not been ended. */
  onLeftOpen(index: number): void;
}

export interface ProducerOptions {
  put: PutRecords;
  listener: OutcomeListener;
  clock: Clock;
  /** In [0, 1). */
  random: () => number;
  /** Largest record in bytes, partition key included. */
  largestRecordBytes: number;
  /** Requests under way at once, from 1. Default 4. */
  concurrency?: number;
  /** How long a batch is tried before its rest is given up, in ms; an attempt that began is waited for. Default 90,000. */
  giveUpAfterMs?: number;
  /** Attempts of a batch before its rest is given up, from 1. Default 12: at most 31 s of waiting, half of that on average. */
  maxAttempts?: number;
  /** How long a batch may wait for more records, in ms. Default 50. */
  lingerMs?: number;
  /** From the start, how long refused access is taken for a permission that has not spread yet, in ms. Default 0. */
  propagationMs?: number;
  /** After an abort: how long requests under way may take to end, in ms. Default 10,000. */
  drainMs?: number;
  onAccessDenied?: () => void;
}

/** Why a producer ended before its source did. */
export interface Stopped {
  reason: string;
  /** The destination has not spoken: this machine could not reach it, or had no credentials to sign with. */
  clientSide: boolean;
}
