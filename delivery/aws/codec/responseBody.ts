import { ClientRequest, IncomingMessage } from "node:http";
import { MemoryPool, MOST_KEPT_BYTES } from "../../common/memoryPool";

/** An answer's whole body. */
export interface AnswerBody {
  bytes: Uint8Array;
  /** Nobody will read the bytes again: the next answer may be written over them. */
  release(): void;
}

/**
 * Collects answers of a known length into memory that is used again. The SDK's own way, a fresh piece for all chunks
 * together, costs a GetRecords of ten megabytes as many page faults and a garbage collection each.
 */
export class AnswerBodies {
  readonly #pool = new MemoryPool();

  /**
   * @param collect the SDK's own way, for every answer of another kind.
   * @throws what the connection fails with.
   */
  async collect(answer: unknown, collect: () => Promise<Uint8Array>): Promise<AnswerBody> {
    if (answer instanceof Uint8Array) return { bytes: answer, release: () => undefined };
    const length = lengthOf(answer);
    if (length === undefined) return { bytes: await collect(), release: () => undefined };
    const memory = this.#pool.take(length);
    const end = await filled(memory, answer as IncomingMessage, length);
    return { bytes: memory.subarray(0, end), release: () => this.#pool.giveBack(memory) };
  }
}

/** Undefined for what is to be collected in the SDK's way. */
function lengthOf(answer: unknown): number | undefined {
  if (!(answer instanceof IncomingMessage) || answer.readableEncoding !== null) return undefined;
  const length = Number(answer.headers["content-length"]);
  return Number.isInteger(length) && length > 0 && length <= MOST_KEPT_BYTES ? length : undefined;
}

/** @returns where they end. @throws where they are more or fewer than the header has announced, or the connection ends. */
function filled(memory: Buffer, answer: IncomingMessage, length: number): Promise<number> {
  return new Promise((resolve, reject) => {
    if (answer.destroyed) return reject(closed());
    const chunks = new Chunks(answer);
    let end = 0;
    let isOver = false;
    answer.on("data", (chunk: Buffer) => {
      // Node lets no more bytes through than were announced, unless it is told to be lenient.
      if (end + chunk.length > length)
        return void answer.destroy(new Error(`more than ${length} bytes came`));
      memory.set(chunk, end);
      end += chunk.length;
      chunks.free(chunk);
    });
    answer.on("end", () => {
      isOver = true;
      if (end === length) resolve(end);
      else reject(new Error(`${end} bytes came of ${length}`));
    });
    answer.on("error", reject);
    answer.on("close", () => {
      // Of what has ended it says nothing new, and making an error is dear.
      if (!isOver) reject(closed());
    });
  });
}

function closed(): Error {
  return new Error("the connection was closed in the middle of an answer");
}

/** ES2024, in Node since 21; the types of the ES2022 that this compiles to lack it. */
type Transferable = ArrayBuffer & { transfer(length: number): ArrayBuffer };

/**
 * Frees the memory of chunks that nobody else can know of. Left to the garbage collector, the chunks of one answer of ten
 * megabytes are a third of what makes it mark the whole heap.
 */
class Chunks {
  /** What Node's own parser has read, and nobody has listened to before. */
  readonly #isOurs: boolean;

  constructor(private readonly answer: IncomingMessage) {
    const { req } = answer as IncomingMessage & { req?: unknown };
    this.#isOurs = req instanceof ClientRequest && answer.listenerCount("data") === 0;
  }

  /** Once all that is under way is done. */
  free({ buffer, byteLength }: Buffer): void {
    if (!this.#isOurs || this.answer.listenerCount("data") > 1) return;
    // Node's parser copies each chunk into a buffer of its own; what shares one with others stays.
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
      queueMicrotask(() => (buffer as Transferable).transfer(0));
  }
}
