/** Maximum number of consecutive records with the same number. */
const SHARING = 4;

/** Sequence numbers in responses: up to four consecutive records of a shard have the number of the first. */
export class ToldNumbers {
  /** Current number per shard, and how many records have it. */
  readonly #current = new Map<string, { number: string; records: number }>();

  /** @param number True number of the shard's next record. */
  next(shardId: string, number: string): string {
    const current = this.#current.get(shardId);
    if (current === undefined || current.records === SHARING) {
      this.#current.set(shardId, { number, records: 1 });
      return number;
    }
    current.records += 1;
    return current.number;
  }
}
