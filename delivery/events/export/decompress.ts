import type { Gunzip, InflateRaw } from "node:zlib";

/**
 * How much compressed data is given to zlib at a time. Deflate expands at most 1032 times
 * (https://zlib.net/zlib_tech.html), so that no more than 8 MiB come out at once, whatever is in the file.
 */
const INPUT_BYTES = 8 * 1024;

/**
 * What `compressed` unpacks to, and where the data is corrupt or torn the error after it: a piped stream would drop
 * all that it still has buffered. Before a tear nothing is lost; before corrupt data Node.js drops what the failing
 * call had unpacked, at most the engine's `chunkSize`.
 *
 * @throws zlib's own errors, and an `Error` where there are no bytes at all, which zlib takes for an empty file
 */
export async function* decompress(
  compressed: AsyncIterable<Buffer>,
  engine: Gunzip | InflateRaw,
): AsyncGenerator<Buffer> {
  const zlib = new FlowingZlib(engine);
  let empty = true;
  try {
    for await (const chunk of compressed) {
      for (let start = 0; start < chunk.length && !zlib.ended; start += INPUT_BYTES) {
        empty = false;
        const step = zlib.write(chunk.subarray(start, start + INPUT_BYTES));
        yield* await settled(step, zlib);
        await step;
      }
    }
    if (empty) throw new Error("empty where compressed data is expected");
    const last = zlib.end();
    yield* await settled(last, zlib);
    await last;
  } finally {
    engine.destroy();
  }
}

/** What came out by the time that `step` has succeeded or failed. */
async function settled(step: Promise<void>, zlib: FlowingZlib): Promise<Buffer[]> {
  await Promise.allSettled([step]);
  return zlib.takeOutput();
}

/** One zlib stream whose output is collected as it comes. */
class FlowingZlib {
  ended = false;
  #output: Buffer[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(private readonly engine: Gunzip | InflateRaw) {
    engine.on("data", (chunk: Buffer) => this.#output.push(chunk));
    engine.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    engine.on("error", (error: Error) => {
      this.#failure = error;
      this.#wake();
    });
  }

  takeOutput(): Buffer[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  /** Done when the bytes are consumed, or when the compressed data ended before them: only padding follows. */
  write(bytes: Buffer): Promise<void> {
    return this.#until((done) => this.engine.write(bytes, done));
  }

  end(): Promise<void> {
    return this.#until(() => {
      if (this.ended || this.#failure !== undefined) this.#wake();
      else this.engine.end();
    });
  }

  #until(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = () => (this.#failure === undefined ? resolve() : reject(this.#failure));
      start((error) => {
        this.#failure ??= error ?? undefined;
        this.#wake();
      });
    });
  }
}
