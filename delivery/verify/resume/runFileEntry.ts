import type { StackOutputs } from "../../common/outputs";
import type { Ranges } from "./ranges";

/** What a run began with: the first line of its file. */
export interface RunHeader {
  format: 1;
  /** 12 characters of base64url. */
  runId: string;
  outputs: StackOutputs;
  /** In ms since 1970, of this machine. */
  startedAt: number;
  /** From when on the stream has to be read, by the service's clock, in ms since 1970. */
  readFrom: number;
  /** What the events come from, in the words of whoever opened it; null where that is not known. */
  source: unknown;
}

/** An attempt that is about to be made. An event that an earlier line attempted already is tried again. */
export interface AttemptEntry {
  kind: "attempt";
  /** In ms since 1970. */
  at: number;
  events: Ranges;
  /** Of the events that are tried for the first time, in their order: the 16 bytes that each is compared by, in base64. */
  hashes: string;
}

/** What became of events: of each that an attempt names and nothing more is said of, the last attempt got no answer. */
export interface OutcomeEntry {
  kind: "outcome";
  /** By shard. */
  acknowledged?: Record<string, Ranges>;
  /** The last attempt may have written them. */
  ambiguous?: Ranges;
  /** By reason; given up, and not written by any attempt that was answered. */
  refused?: Record<string, Ranges>;
  /** By reason; given up. */
  unanswered?: Record<string, Ranges>;
  /** Not written, and would have been tried again. */
  abandoned?: Ranges;
}

export type RunFileEntry = AttemptEntry | OutcomeEntry;
