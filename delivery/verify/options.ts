import type { Credentials } from "../aws/clients";
import type { Clock } from "../common/clock";
import type { StackOutputs } from "../common/outputs";
import type { Route } from "../deployment/route";
import type { EventSource } from "../events/source";
import type { RunLoad } from "../sending/capacity";

/** What is going on, for a progress display. */
export interface Progress {
  /** `looking again` only where events are missing. */
  phase: "preparing" | "sending" | "reading" | "looking again";
  /** What is being done, in words. */
  step: string;
  /** Tried at least once. */
  eventsSent: number;
  /** Of those, the ones that Kinesis acknowledged. */
  eventsAcknowledged: number;
  /** Read back so far. */
  eventsRead: number;
  /** How many events the source has, where that is known. */
  eventsExpected?: number;
}

/** What `verifyDelivery` is to do: only `outputs` and `source` are needed. */
export interface VerifyOptions {
  /** The stack's three outputs. */
  outputs: StackOutputs;
  /** The events to send; read once. */
  source: EventSource;
  /** Default: `role` where the sender can assume the role, else `operator`. */
  route?: Route | undefined;
  /** Reads the stream and the role, and writes on the operator's route. Default: the SDK's chain. */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, in place of `credentials`. */
  profile?: string | undefined;
  /** Assumes the role on the `role` route. Default: as `credentials` and `profile`. */
  senderCredentials?: Credentials | undefined;
  /** A profile, in place of `senderCredentials`. */
  senderProfile?: string | undefined;
  /** URL of the one endpoint for all AWS services. Default: the SDK's settings (`AWS_ENDPOINT_URL`, …), else AWS. */
  endpoint?: string | undefined;
  /** Given when the role is assumed, where its trust policy demands one. Default: `amplitudeExternalId`. */
  externalId?: string | undefined;
  /** The external id that Amplitude has agreed to give. Default: none, as documented; a role that demands one then fails. */
  amplitudeExternalId?: string | undefined;
  /** The account that the trust policy has to name. Default: 358203115967. */
  amplitudeAccountId?: string | undefined;
  /** The principals that Amplitude is known to use, where the trust policy names no whole account. */
  amplitudePrincipalArns?: string[] | undefined;
  /** PutRecords requests under way at once, from 1. Default 1, and with `rate` enough of them for answers that take 250 ms. */
  concurrency?: number | undefined;
  /**
   * Events a second, steadily, from above 0: latency is then measured from when each was due. Default: as fast as
   * `capacityShare` allows.
   */
  rate?: number | undefined;
  /**
   * The share of what the stream's shards take (1,000 records/s and 1 MB/s each) that a run without `rate` uses, above 0
   * and up to 1; 1 lifts the limit, and has the shards read as often as they allow. Default 0.5: the rest is the
   * stream's other writers' and readers'.
   */
  capacityShare?: number | undefined;
  /** Asked before events are sent at a `rate` of more than half of what the stream takes. Default: they are sent. */
  confirmLoad?: ((load: RunLoad) => boolean | Promise<boolean>) | undefined;
  /** Where the run's file is kept, by which it can be gone on with after it ended undecided, or its process did. Default: none is. */
  runFolder?: string | undefined;
  /** Kept in the run's file for whoever goes on with it: what the source is made of, as JSON. */
  sourceDescription?: unknown;
  /**
   * The id of a run to go on with, which has its file in `runFolder`: what it sent is read back, what it had not sent yet,
   * or not to an end, is sent. `outputs` and `source` have to be the same again.
   */
  resume?: string | undefined;
  /** How long to wait for a further event after the last one, in seconds, from 1. Default 120. */
  timeoutSeconds?: number | undefined;
  /** How long a new role or policy may take to be known everywhere, in seconds, from 0. Default 90. */
  propagationSeconds?: number | undefined;
  /** Between two readings of a shard, in ms, from 0. Default 500: two of the five readings a second that a shard allows all its consumers. */
  pollMs?: number | undefined;
  /** Events are missing only this long after the last attempt, in ms, from 0. Default 10,000. */
  settleMs?: number | undefined;
  /** Ends the run early; the report is then `undecided`, unless something has failed for certain. */
  signal?: AbortSignal | undefined;
  /** Called at every step, and with every batch that was sent or read. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Default: this machine's. */
  clock?: Clock | undefined;
  /** In [0, 1): draws the delays of retries. Default: `Math.random`. */
  random?: (() => number) | undefined;
}
