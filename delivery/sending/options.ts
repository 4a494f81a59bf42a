import type { AwsOptions, Credentials } from "../aws/profile";
import type { Clock } from "../common/clock";
import type { StackOutputs } from "../common/outputs";
import type { Part } from "../common/part";
import type { Route } from "../deployment/route";
import type { EventSource } from "../events/source";

/** Options to reach a deployment on AWS. The credentials read the stream and the role, and write on the operator's route. */
export interface ConnectionOptions extends AwsOptions {
  /** The stack's three outputs. */
  outputs: StackOutputs;
  /** Time that a new role or policy may take to propagate, in seconds, from 0. Default: 90. */
  propagationSeconds?: number | undefined;
  /** Ends the run early. The report is then `undecided`, unless something has certainly failed. */
  signal?: AbortSignal | undefined;
  /** Default: this machine's clock. */
  clock?: Clock | undefined;
  /** Draws the delays of retries, in [0, 1). Default: `Math.random`. */
  random?: (() => number) | undefined;
}

/** Options for what the role's trust policy has to say. */
export interface TrustOptions {
  /** External id that Amplitude has agreed to give. Default: none, as documented; a role that requires one then fails. */
  amplitudeExternalId?: string | undefined;
  /** Account that the trust policy has to name. Default: 358203115967. The EU zone's account is undocumented. */
  amplitudeAccountId?: string | undefined;
  /** Principals that Amplitude is known to use, if the trust policy doesn't name a whole account. */
  amplitudePrincipalArns?: string[] | undefined;
}

/** Load that a run, with all its parts, will put on the stream. */
export interface RunLoad {
  /** Events per second. */
  rate: number;
  /** Mean size of the source's first events in bytes, partition key included. */
  eventBytes: number;
  /** Number of the stream's open shards. */
  openShards: number;
  /** Share of the open shards' capacity, by records or bytes, whichever is larger. 1 is all of it. */
  share: number;
}

/** Options to send events to Kinesis. */
export interface SenderOptions extends ConnectionOptions, TrustOptions {
  /** Events to send; read once. */
  source: EventSource;
  /** Default: `role` if the sender can assume the role, else `operator`. */
  route?: Route | undefined;
  /** Credentials that assume the role on the `role` route. Default: `credentials` and `profile`. */
  senderCredentials?: Credentials | undefined;
  /** Profile, in place of `senderCredentials`. */
  senderProfile?: string | undefined;
  /** External id that is passed to assume the role. Default: `amplitudeExternalId`. */
  externalId?: string | undefined;
  /** PutRecords requests in flight at once, from 1. Default: 1; with `rate`, enough for responses that take 250 ms. */
  concurrency?: number | undefined;
  /**
   * Constant rate in events per second, above 0. Latency is then measured from when each event was due. Default: as fast
   * as `capacityShare` allows.
   */
  rate?: number | undefined;
  /**
   * Share of the shards' capacity (1,000 records/s and 1 MB/s each) that a run without `rate` uses, above 0 and up to 1.
   * 1 lifts the limit, and also reads the shards as often as they allow. Default: 0.5, which leaves the rest to other
   * writers and readers.
   */
  capacityShare?: number | undefined;
  /**
   * One of several parts of the run, each with its own process. `source` and `rate` are this part's. The part has an equal
   * share of the stream's hash keys: it writes only those, and reads only the shards that take them. Requires `runId`, or
   * `resume`. Default: the whole run.
   */
  part?: Part | undefined;
  /** Id of the run, the same for all its parts and never used before: 12 letters, digits, `-` or `_`. Default: a new id. */
  runId?: string | undefined;
  /** Called before a `rate` above half of the stream's capacity is sent. Default: the events are sent. */
  confirmLoad?: ((load: RunLoad) => boolean | Promise<boolean>) | undefined;
}

/** Progress of a run, for a display. */
export interface Progress {
  /** `looking again` occurs only if events are missing. */
  phase: "preparing" | "sending" | "reading" | "looking again";
  /** Description of the current step. */
  step: string;
  /** Events attempted at least once. */
  eventsSent: number;
  /** Events that Kinesis acknowledged. */
  eventsAcknowledged: number;
  /** Events read back so far. */
  eventsRead: number;
  /** Number of events that the source has, if known. */
  eventsExpected?: number;
}
