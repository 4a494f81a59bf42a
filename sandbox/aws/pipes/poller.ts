import { setTimeout } from "node:timers/promises";
import type { HttpResponse } from "../protocol";
import { AwsError, type Json, parseBody } from "../protocol";
import { type EventPattern, matches } from "./eventPattern";
import { filled, LOG_GROUP_ARN, type Pipe, patternsOf } from "./pipe";

/** Calls a service with the pipe's role. The service enforces the role's policy. */
export type ServiceCall = (
  service: "kinesis" | "logs",
  target: string,
  request: Json,
) => Promise<HttpResponse>;

/** AWS documents one poll per second for Lambda's pollers, and none for pipes. */
const POLL_INTERVAL_MS = 500;

/** How far a shard has been read. */
export interface Shard {
  /** Sequence number of the last record that was handled. */
  after?: string;
  iterator?: string | undefined;
  /** Failures of the current batch. */
  failures: number;
  isRead: boolean;
}

/** Reads a stream with the pipe's role, and writes the records that pass its filters to the log group, each as a line. */
export class Poller {
  readonly #stopped = new AbortController();

  /** @param shards Positions by shard, which outlive the poller: an update or a stop loses none. */
  constructor(
    private readonly pipe: Pipe,
    private readonly name: string,
    private readonly shards: Map<string, Shard>,
    private readonly call: ServiceCall,
  ) {}

  /** Tests the role's permissions, as AWS does when a pipe is created. @throws Error with the reason. */
  async test(): Promise<void> {
    await this.#kinesis("DescribeStreamSummary", {});
    await this.#list();
    await this.#createLogStream();
  }

  /** Polls until it is stopped. An error ends a poll, and the next one tries the same records again. */
  async run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      await this.#poll().catch(() => undefined);
      await setTimeout(POLL_INTERVAL_MS, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #poll(): Promise<void> {
    await this.#list();
    for (const [id, shard] of this.shards) {
      if (!shard.isRead && !this.#stopped.signal.aborted) await this.#read(id, shard);
    }
  }

  /** Shards that appear later are read from their beginning, whatever the starting position is. */
  async #list(): Promise<void> {
    const { Shards = [] } = (await this.#kinesis("ListShards", {})) as { Shards?: { ShardId: string }[] };
    const { StartingPosition } = this.pipe.SourceParameters.KinesisStreamParameters;
    const isFromNow = StartingPosition === "LATEST" && this.shards.size === 0;
    for (const { ShardId } of Shards) {
      if (this.shards.has(ShardId)) continue;
      const shard: Shard = { failures: 0, isRead: false };
      if (isFromNow) shard.iterator = await this.#iterator(ShardId, { ShardIteratorType: "LATEST" });
      this.shards.set(ShardId, shard);
    }
  }

  async #iterator(ShardId: string, position: Json): Promise<string> {
    const { ShardIterator } = await this.#kinesis("GetShardIterator", { ShardId, ...position });
    return String(ShardIterator);
  }

  async #read(id: string, shard: Shard): Promise<void> {
    const position =
      shard.after === undefined
        ? { ShardIteratorType: "TRIM_HORIZON" }
        : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: shard.after };
    shard.iterator ??= await this.#iterator(id, position);
    const { BatchSize, MaximumRetryAttempts } = this.pipe.SourceParameters.KinesisStreamParameters;
    try {
      const { Records, NextShardIterator } = await this.#kinesis(
        "GetRecords",
        { ShardIterator: shard.iterator, Limit: BatchSize },
        false,
      );
      await this.#write(Records as KinesisRecord[], shard, MaximumRetryAttempts);
      shard.iterator = NextShardIterator as string | undefined;
      shard.isRead = !NextShardIterator;
    } catch (error) {
      shard.iterator = undefined;
      throw error;
    }
  }

  /** One write per record, which is how AUTOMATIC_BISECT ends. A record is skipped after the last attempt. */
  async #write(records: KinesisRecord[], shard: Shard, maxRetries: number): Promise<void> {
    const patterns = patternsOf(this.pipe);
    for (const record of records) {
      const message = lineOf(this.pipe, patterns, record);
      if (message !== undefined) {
        try {
          await this.#put(message);
        } catch (error) {
          shard.failures += 1;
          if (maxRetries < 0 || shard.failures <= maxRetries) throw error;
        }
      }
      shard.failures = 0;
      shard.after = record.SequenceNumber;
    }
  }

  async #put(message: string): Promise<void> {
    await this.#createLogStream();
    const logEvents = [{ timestamp: Date.now(), message }];
    await this.#logs("PutLogEvents", { ...this.#place(), logEvents });
  }

  async #createLogStream(): Promise<void> {
    try {
      await this.#logs("CreateLogStream", this.#place());
    } catch (error) {
      if (!(error instanceof AwsError && error.code === "ResourceAlreadyExistsException")) throw error;
    }
  }

  /** AWS doesn't document how it names the log stream. */
  #place(): Json {
    return {
      logGroupName: LOG_GROUP_ARN.exec(this.pipe.Target)?.[3],
      logStreamName: this.name,
    };
  }

  async #logs(operation: string, request: Json): Promise<void> {
    await this.call("logs", `Logs_20140328.${operation}`, request);
  }

  async #kinesis(operation: string, request: Json, isNamed = true): Promise<Json> {
    const body = { ...(isNamed && { StreamARN: this.pipe.Source }), ...request };
    const response = await this.call("kinesis", `Kinesis_20131202.${operation}`, body);
    const parsed = parseBody(response);
    if (response.status !== 200) throw new AwsError(String(parsed.__type), String(parsed.message));
    return parsed;
  }
}

interface KinesisRecord {
  SequenceNumber: string;
  PartitionKey: string;
  Data: string;
  ApproximateArrivalTimestamp: number;
}

/** Returns undefined if no filter lets the record through, such as one whose payload is not JSON. */
function lineOf(
  { Source, TargetParameters: { InputTemplate } }: Pipe,
  patterns: EventPattern[] | undefined,
  record: KinesisRecord,
): string | undefined {
  const data = parsedPayload(record.Data);
  const event = {
    eventSource: "aws:kinesis",
    eventSourceARN: Source,
    sequenceNumber: record.SequenceNumber,
    partitionKey: record.PartitionKey,
    approximateArrivalTimestamp: record.ApproximateArrivalTimestamp,
    data,
  };
  const passes = (pattern: EventPattern) => {
    const isAboutData = [...pattern.keys()].some((path) => path.startsWith("data."));
    return (data !== undefined || !isAboutData) && matches(pattern, event);
  };
  if (patterns?.some(passes) === false) return undefined;
  return InputTemplate === undefined ? JSON.stringify(event) : filled(InputTemplate, event);
}

function parsedPayload(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}
