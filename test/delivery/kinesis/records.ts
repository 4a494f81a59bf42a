import type { OutgoingRecord } from "../../../delivery/kinesis/record";

export function record(index: number, size = 10, partitionKey = `key-${index}`): OutgoingRecord {
  return { index, partitionKey, bytes: Buffer.alloc(size, index) };
}

export function records(count: number, size?: number): OutgoingRecord[] {
  return Array.from({ length: count }, (_, index) => record(index, size));
}

export function indices(batch: readonly OutgoingRecord[]): number[] {
  return batch.map(({ index }) => index);
}

/** A source that gives what it has whenever it is asked, and counts how often it was, and whether it was closed. */
export class CountingSource implements AsyncIterable<OutgoingRecord> {
  asked = 0;
  closed = 0;

  constructor(private readonly given: Iterable<OutgoingRecord>) {}

  [Symbol.asyncIterator](): AsyncIterator<OutgoingRecord> {
    const iterator = this.given[Symbol.iterator]();
    return {
      next: async () => {
        this.asked += 1;
        return iterator.next();
      },
      return: async () => {
        this.closed += 1;
        return { done: true, value: undefined };
      },
    };
  }
}

/** Gives these records, and then neither another one nor an end. */
export async function* silentAfter(given: readonly OutgoingRecord[]): AsyncGenerator<OutgoingRecord> {
  yield* given;
  await new Promise(() => {});
}

export async function* failingAfter(
  given: readonly OutgoingRecord[],
  error: Error,
): AsyncGenerator<OutgoingRecord> {
  yield* given;
  throw error;
}
