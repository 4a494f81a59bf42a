import type { OutgoingRecord, RecordSource } from "../../../delivery/kinesis/outcome";

export function record(index: number, size = 10, partitionKey = `key-${index}`): OutgoingRecord {
  return { index, partitionKey, bytes: Buffer.alloc(size, index) };
}

export function records(count: number, size?: number): OutgoingRecord[] {
  return Array.from({ length: count }, (_, index) => record(index, size));
}

export function indices(batch: readonly OutgoingRecord[]): number[] {
  return batch.map(({ index }) => index);
}

/** A source that yields its records one by one, and counts how often it is asked and closed. */
export class CountingSource implements RecordSource {
  asked = 0;
  closed = 0;

  constructor(private readonly given: Iterable<OutgoingRecord>) {}

  [Symbol.asyncIterator](): AsyncIterator<OutgoingRecord[]> {
    const iterator = this.given[Symbol.iterator]();
    return {
      next: async () => {
        this.asked += 1;
        const { done, value } = iterator.next();
        return done ? { done, value } : { value: [value] };
      },
      return: async () => {
        this.closed += 1;
        return { done: true, value: undefined };
      },
    };
  }
}

/** Yields these records one by one, and then neither another one nor an end. */
export async function* silentAfter(given: readonly OutgoingRecord[]): AsyncGenerator<OutgoingRecord[]> {
  for (const record of given) yield [record];
  await new Promise(() => {});
}

export async function* failingAfter(
  given: readonly OutgoingRecord[],
  error: Error,
): AsyncGenerator<OutgoingRecord[]> {
  for (const record of given) yield [record];
  throw error;
}
