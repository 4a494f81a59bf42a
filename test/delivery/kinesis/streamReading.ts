import { StreamReader, type StreamReaderOptions } from "../../../delivery/kinesis/streamReader";
import { VirtualClock } from "../common/virtualClock";
import { FakeStream } from "./fakeStream";

/** A stream, and a reader of all of it that keeps what it is told. */
export class StreamReading {
  readonly clock = new VirtualClock();
  readonly start = this.clock.now();
  readonly stream: FakeStream;
  readonly options: StreamReaderOptions;
  readonly reader: StreamReader;
  readonly names: string[] = [];

  constructor(shards = 1, options: Partial<StreamReaderOptions> = {}) {
    this.stream = new FakeStream(this.clock, shards);
    this.options = {
      api: this.stream,
      from: new Date(this.start),
      clock: this.clock,
      random: () => 0.5,
      onRecords: ({ records }) => this.names.push(...records.map(({ PartitionKey }) => String(PartitionKey))),
      ...options,
    };
    this.reader = new StreamReader(this.options);
  }

  waitFor(condition: () => boolean, ms = 60_000, signal?: AbortSignal): Promise<boolean> {
    return this.reader.waitFor(condition, this.clock.now() + ms, signal);
  }

  async waitForRecords(count: number): Promise<string[]> {
    await this.waitFor(() => this.names.length >= count);
    await this.reader.stop();
    return [...this.names].sort();
  }
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
