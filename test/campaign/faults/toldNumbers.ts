/** Records in a row that bear one number, at most. */
const SHARING = 4;

/** Sequence numbers as they are told: up to four records in a row of a shard bear the number of the first. */
export class ToldNumbers {
  readonly #toldOf = new Map<string, string>();
  /** The number that is told at present on each shard, and how many records bear it. */
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
