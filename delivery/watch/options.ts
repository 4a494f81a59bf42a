import type { Credentials } from "../aws/clients";
import type { Clock } from "../common/clock";
import type { StackOutputs } from "../common/outputs";

/** Where the watch starts: what arrives from now on, all that the stream holds, or what arrived since a time. */
export type StartingPoint = "latest" | "trim-horizon" | Date;

/** What ends a watch, whichever comes first. */
export interface WatchUntil {
  /** So many rows of Amplitude's: of an expected project, repetitions not counted. From 1. */
  events?: number | undefined;
  /** So long after the shards are read. More than 0. */
  seconds?: number | undefined;
}

/** What `watchStream` is to do: only `outputs` is needed. */
export interface WatchOptions {
  /** The stack's three outputs. */
  outputs: StackOutputs;
  /** Default `latest`: from now on, to about a second. */
  from?: StartingPoint | undefined;
  /** Default: only the signal ends it. */
  until?: WatchUntil | undefined;
  /** Ids of the Amplitude projects that may write. A row of another one ends the watch, which has then failed. Default: every project may. */
  expectApps?: readonly string[] | undefined;
  /** Takes the records of `verify` and `send` for Amplitude's, for a rehearsal. Default false. */
  includeTests?: boolean | undefined;
  /** Reads the stream. Default: the SDK's chain. */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, in place of `credentials`. */
  profile?: string | undefined;
  /** URL of the one endpoint for all AWS services. Default: the SDK's settings (`AWS_ENDPOINT_URL`, …), else AWS. */
  endpoint?: string | undefined;
  /** Between two snapshots, in ms, from 1. Default 1,000. */
  intervalMs?: number | undefined;
  /** Between two readings of a shard, in ms, from 0. Default 500: two of the five readings a second that a shard allows all its consumers. */
  pollMs?: number | undefined;
  /** How long a stream may take that is still being created, in seconds, from 0. Default 90. */
  propagationSeconds?: number | undefined;
  /** Ends the watch; the last snapshot follows. */
  signal?: AbortSignal | undefined;
  /** Called with what is being done before the first snapshot. */
  onStep?: ((step: string) => void) | undefined;
  /** Default: this machine's. */
  clock?: Clock | undefined;
  /** In [0, 1): draws the delays of retries. Default: `Math.random`. */
  random?: (() => number) | undefined;
}
