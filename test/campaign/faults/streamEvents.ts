import { draw } from "./draw";
import { asked, type ProxiedStream } from "./proxiedStream";
import type { ShardMap } from "./shardMap";

interface Written {
  ShardId: string;
  SequenceNumber: string;
}

/** Changes by others while the stream is written to. Each happens once, after its number of records. */
export class StreamEvents {
  readonly #done = new Set<object>();
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly stream: ProxiedStream,
    private readonly shards: ShardMap,
  ) {}

  /** Resolves once every change that is due has happened. */
  catchUp(): Promise<void> {
    this.#last = this.#last.then(() => this.#writeAndReshard());
    return this.#last;
  }

  async #writeAndReshard(): Promise<void> {
    const { plan, log } = this.stream;
    for (const [occasion, reshard] of plan.reshards.entries()) {
      if (this.#isDue(reshard, log.keys)) await this.shards.reshard(reshard.kind, occasion);
    }
    for (const [occasion, foreign] of plan.foreignWrites.entries()) {
      if (this.#isDue(foreign, log.keys)) await this.#writeForeign(occasion, foreign.records);
    }
  }

  #isDue(change: { afterRecords: number }, keys: number): boolean {
    if (keys <= change.afterRecords || this.#done.has(change)) return false;
    this.#done.add(change);
    return true;
  }

  async #writeForeign(occasion: number, count: number): Promise<void> {
    const { endpoint, streamName, log, clock, plan } = this.stream;
    const records = Array.from({ length: count }, (_, at) => ({
      PartitionKey: `${STRANGERS[Math.floor(draw(plan.seed, "stranger", occasion, at) * STRANGERS.length)]}${at}`,
      Data: Buffer.from(`stranger ${occasion}.${at}`).toString("base64"),
    }));
    const request = { StreamName: streamName, Records: records };
    const { Records: written } = await asked(endpoint, "PutRecords", request);
    for (const [at, { PartitionKey, Data }] of records.entries()) {
      const { ShardId, SequenceNumber } = (written as Written[])[at] as Written;
      const place = { shardId: ShardId, sequenceNumber: SequenceNumber, writtenAt: clock.now() };
      log.wrote({ partitionKey: PartitionKey, ...place }, Data);
    }
  }
}

/** Partition keys of foreign records. Some look like those of a verifier. */
const STRANGERS = ["user-", "amplitude-kinesis.", "amplitude-kinesis.AAAAAAAAAAAA.", ""];
