import { closeSync, openSync, readSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeliveryError, messageOf } from "../common/errors";
import { HASH_BYTES } from "./eventHash";

/** Events in a block; blocks come into being as events do. */
export const BLOCK_EVENTS = 65_536;
/** The hash, a time, flags, copies and attempts without a clear answer. */
const EVENT_BYTES = HASH_BYTES + 8 + 3;
const BLOCK_BYTES = BLOCK_EVENTS * EVENT_BYTES;

/** So many blocks stay in memory: 512 MiB, or 19 million events. */
const MOST_RESIDENT = Math.floor((512 * 1024 * 1024) / BLOCK_BYTES);

/** 27 bytes an event, in one piece of memory. */
export class Block {
  readonly bytes: Buffer;
  /** In ms since 1970; NaN where the event was neither due nor tried. */
  readonly waitedFrom: Float64Array;
  readonly hashes: Buffer;
  readonly flags: Uint8Array;
  readonly copies: Uint8Array;
  readonly ambiguousAttempts: Uint8Array;

  constructor() {
    const memory = new ArrayBuffer(BLOCK_BYTES);
    let at = 0;
    const part = (bytes: number) => {
      at += bytes;
      return new Uint8Array(memory, at - bytes, bytes);
    };
    this.waitedFrom = new Float64Array(memory, 0, BLOCK_EVENTS).fill(Number.NaN);
    at = BLOCK_EVENTS * 8;
    this.hashes = Buffer.from(memory, at, BLOCK_EVENTS * HASH_BYTES);
    at += this.hashes.length;
    this.flags = part(BLOCK_EVENTS);
    this.copies = part(BLOCK_EVENTS);
    this.ambiguousAttempts = part(BLOCK_EVENTS);
    this.bytes = Buffer.from(memory);
  }
}

export interface BlockStoreOptions {
  /** Blocks in memory at once, from 1. Default: 512 MiB of them. */
  mostResident?: number;
  /** Where the file for the rest is made. Default: the system's folder for temporary files. */
  spillFolder?: string;
}

/** Blocks by number, the ones last used in memory and the rest in a file that goes with this process. */
export class BlockStore {
  readonly #mostResident: number;
  readonly #spillFolder: string;
  /** The one used last comes last. */
  readonly #resident = new Map<number, Block>();
  readonly #spilled = new Set<number>();
  #last: { number: number; block: Block } | undefined;
  #file: { descriptor: number; path: string } | undefined;

  constructor({ mostResident = MOST_RESIDENT, spillFolder = tmpdir() }: BlockStoreOptions = {}) {
    this.#mostResident = mostResident;
    this.#spillFolder = spillFolder;
  }

  /** @throws DeliveryError `run-file` where there is no room for the file. */
  block(number: number): Block {
    if (this.#last?.number === number) return this.#last.block;
    const block = this.#resident.get(number) ?? this.#brought(number);
    this.#resident.delete(number);
    this.#resident.set(number, block);
    this.#last = { number, block };
    return block;
  }

  close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file.descriptor);
    rmSync(this.#file.path, { force: true });
    this.#file = undefined;
  }

  #brought(number: number): Block {
    if (this.#resident.size >= this.#mostResident) this.#spillOldest();
    const block = new Block();
    if (this.#spilled.has(number)) {
      const read = readSync(this.#spillFile(), block.bytes, 0, BLOCK_BYTES, number * BLOCK_BYTES);
      if (read !== BLOCK_BYTES) throw new Error(`block ${number} of the ledger is torn: ${read} bytes`);
    }
    return block;
  }

  #spillOldest(): void {
    const [oldest] = this.#resident;
    if (oldest === undefined) return;
    const [number, { bytes }] = oldest;
    try {
      for (let at = 0; at < BLOCK_BYTES; )
        at += writeSync(this.#spillFile(), bytes, at, BLOCK_BYTES - at, number * BLOCK_BYTES + at);
    } catch (cause) {
      throw noRoom(this.#spillFolder, cause);
    }
    this.#spilled.add(number);
    this.#resident.delete(number);
  }

  #spillFile(): number {
    if (this.#file !== undefined) return this.#file.descriptor;
    const path = join(this.#spillFolder, `amplitude-kinesis-ledger-${process.pid}-${performance.now()}`);
    const descriptor = openSync(path, "wx+", 0o600);
    this.#file = { descriptor, path };
    // A file without a name goes with the process, however that ends; Windows keeps names of open files.
    if (process.platform !== "win32") unlinkSync(path);
    return descriptor;
  }
}

function noRoom(folder: string, cause: unknown): DeliveryError {
  const reason = messageOf(cause);
  return new DeliveryError(
    "run-file",
    `The ledger has outgrown its memory, and can't be written to ${folder}: ${reason}. Make room there, or name another folder (TMPDIR)`,
    { cause },
  );
}
