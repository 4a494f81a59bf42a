import { draw } from "./draw";
import { asked, type ProxiedStream } from "./proxiedStream";
import type { ShardMap } from "./shardMap";

interface Written {
  ShardId: string;
  SequenceNumber: string;
}

/** What happens to the stream from elsewhere while it is written to: each once, when so many records have come. */
export class Happenings {
  readonly #done = new Set<object>();
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly stream: ProxiedStream,
    private readonly shards: ShardMap,
  ) {}

  /** Resolves once all that is due has happened. */
  catchUp(): Promise<void> {
    this.#last = this.#last.then(() => this.#happen());
    return this.#last;
  }

  async #happen(): Promise<void> {
    const { plan, log } = this.stream;
    for (const [occasion, reshard] of plan.reshards.entries()) {
      if (this.#isDue(reshard, log.keys)) await this.shards.reshard(reshard.kind, occasion);
    }
    for (const [occasion, strangers] of plan.strangers.entries()) {
      if (this.#isDue(strangers, log.keys)) await this.#writeStrangers(occasion, strangers.records);
    }
  }

  #isDue(happening: { afterRecords: number }, keys: number): boolean {
    if (keys <= happening.afterRecords || this.#done.has(happening)) return false;
    this.#done.add(happening);
    return true;
  }

  async #writeStrangers(occasion: number, count: number): Promise<void> {
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

/** Keys of others: some look like a verifier's own. */
const STRANGERS = ["user-", "amplitude-kinesis.", "amplitude-kinesis.AAAAAAAAAAAA.", ""];
