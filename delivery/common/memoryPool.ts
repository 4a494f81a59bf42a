/** Memory comes in steps of this many bytes, so that what was made for one batch fits the next one like it. */
const STEP_BYTES = 64 * 1024;
/** What lies in the pool at most: the bodies of 16 full requests of 1 MiB, or one of Kinesis's largest. */
export const MOST_KEPT_BYTES = 16 * 1024 * 1024;

/**
 * Memory of what is over, for what comes next: a fresh megabyte a request costs more in page faults than all that is written
 * into it, and makes the garbage collector mark the whole heap each time that some tens of them have come together.
 */
export class MemoryPool {
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  /** @returns memory of at least so many bytes, with anything in it: what came back last, since the processor has that at hand. */
  take(bytes: number): Buffer {
    for (let index = this.#free.length - 1; index >= 0; index -= 1)
      if ((this.#free[index] as Buffer).length >= bytes) return this.#remove(index);
    return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  }

  /** Takes memory back that came from `take`, and that nobody will read or write again; smaller pieces make way for it. */
  giveBack(body: Buffer): void {
    if (body.length > MOST_KEPT_BYTES) return;
    while (this.#freeBytes + body.length > MOST_KEPT_BYTES) {
      const smaller = this.#free.findIndex(({ length }) => length < body.length);
      if (smaller === -1) return;
      this.#remove(smaller);
    }
    this.#free.push(body);
    this.#freeBytes += body.length;
  }

  #remove(index: number): Buffer {
    const [body] = this.#free.splice(index, 1) as [Buffer];
    this.#freeBytes -= body.length;
    return body;
  }
}
