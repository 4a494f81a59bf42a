import type { GetRecordsOutput } from "@aws-sdk/client-kinesis";
import { MemoryPool } from "../../common/memoryPool";

const releases = new WeakMap<object, () => void>();

/** Memory for what the records of answers hold. */
export class RecordMemory {
  readonly #pool = new MemoryPool();

  /** @returns memory of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    return this.#pool.take(bytes);
  }

  /** Makes the memory wait for `releaseRecords` of the answer; without that, it is the garbage collector's. */
  lend(memory: Buffer, answer: object): void {
    releases.set(answer, () => this.#pool.giveBack(memory));
  }
}

/**
 * Nobody will look at the data of this answer's records again: what is read next may be written over it. It does nothing for
 * an answer whose records have memory of their own.
 */
export function releaseRecords(answer: GetRecordsOutput): void {
  releases.get(answer)?.();
  releases.delete(answer);
}
