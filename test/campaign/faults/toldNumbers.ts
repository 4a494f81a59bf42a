/** Maximum number of consecutive records with the same number. */
const SHARING = 4;

/** Sequence numbers in responses: up to four consecutive records of a shard have the number of the first. */
export class ToldNumbers {
  readonly #toldOf = new Map<string, string>();
  /** Current number per shard, and how many records have it. */
  readonly #current = new Map<string, { number: string; records: number }>();

  told<Record extends { SequenceNumber: string }>(shardId: string, record: Record): Record {
    const place = `${shardId}:${record.SequenceNumber}`;
    const known = this.#toldOf.get(place);
    if (known !== undefined) return { ...record, SequenceNumber: known };
    let current = this.#current.get(shardId);
    if (current === undefined || current.records === SHARING)
      current = { number: record.SequenceNumber, records: 0 };
    current.records += 1;
    this.#current.set(shardId, current);
    this.#toldOf.set(place, current.number);
    return { ...record, SequenceNumber: current.number };
  }
}
