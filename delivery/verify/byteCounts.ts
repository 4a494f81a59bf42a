const MOST = 255;

/** Small counts, a byte each in memory of the caller's; what goes beyond a byte is kept apart, so that none is cut off. */
export class ByteCounts {
  readonly #beyond = new Map<number, number>();

  /** @param index names the count among all of them, wherever its byte lies. */
  increment(bytes: Uint8Array, at: number, index: number): void {
    const count = bytes[at] ?? 0;
    if (count < MOST) bytes[at] = count + 1;
    else this.#beyond.set(index, (this.#beyond.get(index) ?? 0) + 1);
  }

  of(bytes: Uint8Array, at: number, index: number): number {
    const count = bytes[at] ?? 0;
    return count < MOST ? count : count + (this.#beyond.get(index) ?? 0);
  }
}
