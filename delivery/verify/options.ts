import type { Progress, SenderOptions } from "../sending/deployment";

/** Options of `verifyDelivery`. Only `outputs` and `source` are required. */
export interface VerifyOptions extends SenderOptions {
  /** Folder of the run file, with which an interrupted or undecided run can be resumed. Default: no run file. */
  runFolder?: string | undefined;
  /** JSON description of the source, which the run file keeps for the process that resumes the run. */
  sourceDescription?: unknown;
  /**
   * Id of the run to resume, whose file is in `runFolder`. Events that it sent are read back, and unfinished ones are
   * sent. `outputs` and `source` have to be the same as before.
   */
  resume?: string | undefined;
  /** Time to wait for a further event after the last one, in seconds, from 1. Default: 120. */
  timeoutSeconds?: number | undefined;
  /** Interval between two reads of a shard, in ms, from 0. Default: 500, two of the five reads per second that a shard allows. */
  pollMs?: number | undefined;
  /** Time after the last attempt until an event counts as missing, in ms, from 0. Default: 10,000. */
  settleMs?: number | undefined;
  /** Called at every step, and with every batch that was sent or read. */
  onProgress?: ((progress: Progress) => void) | undefined;
}
