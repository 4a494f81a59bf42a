/** What was counted under one name. */
export interface Counted {
  /** The name. */
  name: string;
  /** How often it came. */
  count: number;
}

/** Counts by name in bounded memory: the first `capacity` names exactly, all further ones together. */
export class BoundedTally {
  readonly #counts = new Map<string, number>();
  #others = 0;

  constructor(private readonly capacity: number) {}

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + 1);
    else if (this.#counts.size < this.capacity) this.#counts.set(name, 1);
    else this.#others += 1;
  }

  /** Names that are counted. */
  get size(): number {
    return this.#counts.size;
  }

  /** What came under further names than there is room for. */
  get others(): number {
    return this.#others;
  }

  /** The commonest, at most `most`, in order. */
  commonest(most: number): Counted[] {
    return [...this.#counts]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, most);
  }
}
