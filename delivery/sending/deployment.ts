import { type Connection, connect, kinesisClient, stsClient } from "../aws/clients";
import { callerIdentity } from "../aws/credentials";
import type { WaitOptions } from "../aws/pollUntil";
import type { AwsOptions, Credentials } from "../aws/profile";
import { accountOf, streamArnOf } from "../common/arn";
import { type Clock, type EpochMs, startClock } from "../common/clock";
import type { Finding } from "../common/findings";
import { DEFAULT_PROPAGATION_SECONDS } from "../common/limits";
import { resolveOutputs, type StackOutputs } from "../common/outputs";
import type { Part } from "../common/part";
import { type Preflight, preflight } from "../deployment/preflight";
import { type Route, resolveAmplitudeCaller, resolveSender } from "../deployment/route";
import { checkStream, type StreamCheck, type StreamState, wrongAccount } from "../deployment/stream";
import type { TrustedCaller } from "../deployment/trust";
import type { EventSource } from "../events/source";
import { PartOfStream } from "../kinesis/partOfStream";
import { streamApi } from "../kinesis/streamApi";
import { StreamReader, type StreamReaderOptions, StreamUnreadable } from "../kinesis/streamReader";
import { notReadable, notResponding } from "./findings";

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

/** A deployment that a run has opened, and the run's defaults. */
export interface OpenDeployment {
  outputs: StackOutputs;
  streamArn: string;
  /** Connections with the operator's credentials. The run destroys its handler at the end. */
  operator: Connection;
  /** Caller that the role has to trust. */
  amplitude: TrustedCaller;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** How long a new stream, role or policy may take to propagate. */
  wait: WaitOptions;
  startedAt: EpochMs;
}

/** @throws SettingsError for invalid outputs. */
export function openDeployment(options: ConnectionOptions & TrustOptions): OpenDeployment {
  const { clock = startClock(), random = Math.random, signal = new AbortController().signal } = options;
  const { propagationSeconds = DEFAULT_PROPAGATION_SECONDS } = options;
  const outputs = resolveOutputs([{ description: "options.outputs", values: options.outputs }]);
  return {
    outputs,
    streamArn: streamArnOf(outputs),
    operator: connect({ ...options, region: outputs.region }),
    amplitude: resolveAmplitudeCaller(options),
    clock,
    random,
    signal,
    wait: { clock, waitMs: propagationSeconds * 1000, signal },
    startedAt: clock.now(),
  };
}

/** Opens a deployment for a run, and closes its connections at the run's end. */
export async function withDeployment<Result>(
  options: ConnectionOptions & TrustOptions,
  run: (deployment: OpenDeployment) => Promise<Result>,
): Promise<Result> {
  const deployment = openDeployment(options);
  try {
    return await run(deployment);
  } finally {
    deployment.operator.requestHandler.destroy();
  }
}

/**
 * Finds out what can be known before an event is sent. Without credentials of a sender, the operator is the sender.
 *
 * @throws DeliveryError as `preflight` does.
 */
export function preflightOf(
  deployment: OpenDeployment,
  options: Pick<SenderOptions, "route" | "externalId" | "senderCredentials" | "senderProfile">,
  onStep: (step: string) => void,
): Promise<Preflight> {
  const { route, externalId } = options;
  const sender = resolveSender(deployment.operator, options);
  return preflight({ ...deployment, route, externalId, sender, onStep });
}

/**
 * Looks up the stream for a run that only reads it.
 *
 * @throws DeliveryError `credentials` if AWS rejects the caller's, or if they belong to another account than the role and
 * the stream isn't found.
 */
export async function lookUpStream(
  { operator, outputs, wait }: OpenDeployment,
  onStep: (step: string) => void,
): Promise<StreamCheck> {
  onStep("checking credentials");
  const { accountId } = await callerIdentity(stsClient(operator), operator);
  onStep("looking up the stream");
  const check = await checkStream(kinesisClient(operator), outputs, wait, operator);
  const expected = accountOf(outputs.roleArn);
  // AWS looks names up in the caller's account, so a stream that is missing from another account proves nothing.
  if (check.stream === undefined && accountId !== expected) throw wrongAccount(accountId, expected, operator);
  return check;
}

/**
 * Interval that uses all five reads per second that a shard allows. Source: AWS, "Quotas and limits" (Kinesis Developer
 * Guide).
 */
const MIN_POLL_INTERVAL_MS = 200;

/** How a run reads its stream. */
export interface Reading extends Pick<StreamReaderOptions, "onRecords" | "pollMs"> {
  /** Instant from which records are read, by the service's clock. */
  from: Date;
  /** Share of the shards' capacity. 1 reads them as fast and as often as they allow. Default: the reader's. */
  capacityShare?: number | undefined;
  /** Part of the stream. Default: all of it. */
  part?: Part | undefined;
}

/** Returns a reader of the deployment's stream, with the operator's credentials. */
export function readerOf(
  { operator, outputs, clock, random }: OpenDeployment,
  { clockOffsetMs }: StreamState,
  { from, capacityShare, pollMs, part, onRecords }: Reading,
): StreamReader {
  const takesAll = capacityShare === 1;
  return new StreamReader({
    api: streamApi(kinesisClient(operator), outputs.streamName),
    from,
    clockOffsetMs,
    clock,
    random,
    part: part && new PartOfStream(part),
    onRecords,
    pollMs: pollMs ?? (takesAll ? MIN_POLL_INTERVAL_MS : undefined),
    bytesPerSecond: takesAll ? Number.POSITIVE_INFINITY : undefined,
  });
}

/**
 * Starts a reader, and waits until every shard has responded, because an event that can't be read back must not be sent.
 *
 * @param findings Receives a finding if a shard didn't respond in time.
 * @returns Whether every shard has responded.
 * @throws StreamUnreadable
 */
export async function startReading(
  reader: StreamReader,
  timeoutMs: number,
  { clock, signal, streamArn }: OpenDeployment,
  findings: Finding[],
): Promise<boolean> {
  void reader.start();
  const isStarted = await reader.waitFor(() => reader.hasReadAll, clock.now() + timeoutMs, signal);
  if (!isStarted && !signal.aborted) findings.push(notResponding(reader.silentShardIds, streamArn));
  return isStarted;
}

/**
 * Waits until a condition on what was read holds, for as long as reading progresses: a long run takes long to read.
 *
 * @param progress Returns a number that grows with what was read.
 * @param stallMs Time without progress after which waiting is given up.
 * @returns Whether the condition holds. Otherwise the signal was aborted, or reading made no progress.
 * @throws StreamUnreadable
 */
export async function waitWhileProgressing(
  reader: Pick<StreamReader, "waitFor">,
  condition: () => boolean,
  progress: () => number,
  stallMs: number,
  { clock, signal }: Pick<OpenDeployment, "clock" | "signal">,
): Promise<boolean> {
  for (;;) {
    const before = progress();
    if (await reader.waitFor(condition, clock.now() + stallMs, signal)) return true;
    if (signal.aborted || progress() <= before) return false;
  }
}

/**
 * Does work that a reader of the stream serves, and stops the reader.
 *
 * @param findings Receives a finding if the stream can't be read.
 * @returns Result of the work, or false if the stream can't be read.
 */
export async function whileReading(
  reader: StreamReader,
  { streamArn }: OpenDeployment,
  findings: Finding[],
  work: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StreamUnreadable)) throw error;
    findings.push(notReadable(error, streamArn));
    return false;
  } finally {
    await reader.stop();
  }
}
