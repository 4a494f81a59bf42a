import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { messageOf } from "../../common/errors";
import type { FileLock } from "../../common/files";
import type { Reason } from "../../kinesis/outcome";
import { type OutcomeEntry, type Ranges, type RunFileEntry, type RunHeader, toRanges } from "./runFileFormat";
import { lockRun, notWritable, runFilePath } from "./runFolder";

/** Longest time until a line is on the disk itself. */
const SYNC_INTERVAL_MS = 1_000;

/**
 * Log of a run in a file of JSON lines, to which is only appended. A line is with the operating system before `append`
 * returns, so it survives if this process is killed. It is on the disk a second later, so a power failure can cost the
 * last second.
 */
export class RunFile {
  #syncing = false;
  #syncedAt = 0;
  #failure: Error | undefined;

  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    private readonly lock: FileLock,
  ) {}

  /** @throws DeliveryError `run-file` if the file can't be created, or exists. */
  static create(folder: string, header: RunHeader): RunFile {
    const path = runFilePath(folder, header.runId, header.part);
    const file = RunFile.#open(path, "ax");
    try {
      file.#write(header);
      return file;
    } catch (error) {
      file.remove();
      throw error;
    }
  }

  /** @throws DeliveryError `run-file` if the file can't be opened, or another process uses it. */
  static reopen(path: string): RunFile {
    return RunFile.#open(path, constants.O_WRONLY | constants.O_APPEND);
  }

  static #open(path: string, flags: "ax" | number): RunFile {
    const lock = lockRun(path);
    try {
      return new RunFile(path, openSync(path, flags, 0o600), lock);
    } catch (cause) {
      lock.release();
      throw notWritten(path, cause);
    }
  }

  /** @throws DeliveryError `run-file` if it can't be written. Nothing may be sent that is not in the file. */
  append(entry: RunFileEntry): void {
    this.#write(entry);
    this.#syncIfDue();
  }

  /** Keeps the file, synced to the disk. */
  close(): void {
    try {
      fdatasyncSync(this.descriptor);
    } catch {
      // A failed sync is reported by the next append, and there is none.
    } finally {
      closeSync(this.descriptor);
      this.lock.release();
    }
  }

  /** Removes the file of a decided run. */
  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  #write(value: RunHeader | RunFileEntry): void {
    if (this.#failure !== undefined) throw notWritten(this.path, this.#failure);
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    let at = 0;
    try {
      while (at < line.length) at += writeSync(this.descriptor, line, at);
    } catch (cause) {
      this.#takeBack(at);
      throw notWritten(this.path, cause);
    }
  }

  /** Removes a torn line. If that fails, nothing more is written, because only the last line may be torn. */
  #takeBack(bytes: number): void {
    try {
      if (bytes > 0) ftruncateSync(this.descriptor, fstatSync(this.descriptor).size - bytes);
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  #syncIfDue(): void {
    const now = performance.now();
    if (this.#syncing || now - this.#syncedAt < SYNC_INTERVAL_MS) return;
    this.#syncing = true;
    this.#syncedAt = now;
    fdatasync(this.descriptor, (error) => {
      this.#syncing = false;
      if (error !== null && error.code !== "EBADF") this.#failure ??= error;
    });
  }
}

function notWritten(path: string, cause: unknown): Error {
  return notWritable(`Can't write the run file ${path}: ${messageOf(cause)}`, cause);
}

/** Facts about the events that the journal needs. */
interface KnownEvents {
  /** Whether the event was attempted before. */
  isSent(index: number): boolean;
  /** Returns the hash by which the event's bytes are compared. */
  hashOf(index: number): Buffer;
}

/**
 * Writes attempts into a run file before they are made, and outcomes once they are known. Outcomes are gathered until
 * the code that reports them has run. If the process is killed in between, the attempt has no response, and a resumed
 * run finds out by reading.
 */
export class RunJournal {
  #outcomes = new Outcomes();
  #isFlushDue = false;
  #failure: { error: unknown } | undefined;

  constructor(private readonly file: RunFile) {}

  /** @throws DeliveryError `run-file` if it can't be written. The attempt must not be made then. */
  attempt(records: readonly { readonly index: number }[], at: number, events: KnownEvents): void {
    this.#flush();
    if (this.#failure !== undefined) throw this.#failure.error;
    const indices = records.map(({ index }) => index);
    const hashes = Buffer.concat(
      indices.filter((index) => !events.isSent(index)).map((index) => events.hashOf(index)),
    );
    this.file.append({ kind: "attempt", at, events: toRanges(indices), hashes: hashes.toString("base64") });
  }

  acknowledged(index: number, shardId: string): void {
    this.#gather().acknowledged.add(shardId, shardId, index);
  }

  ambiguous(index: number): void {
    this.#gather().ambiguous.push(index);
  }

  refused(index: number, reason: Reason): void {
    this.#gather().refused.add(reason.detail, reason, index);
  }

  unanswered(index: number, reason: Reason): void {
    this.#gather().unanswered.add(reason.detail, reason, index);
  }

  abandoned(index: number): void {
    this.#gather().abandoned.push(index);
  }

  /** @param isOver Whether the run is decided, and its file can be removed. */
  end(isOver: boolean): void {
    this.#flush();
    if (isOver) this.file.remove();
    else this.file.close();
  }

  #gather(): Outcomes {
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      queueMicrotask(() => this.#flush());
    }
    return this.#outcomes;
  }

  #flush(): void {
    if (!this.#isFlushDue) return;
    this.#isFlushDue = false;
    const entry = this.#outcomes.entry();
    this.#outcomes = new Outcomes();
    try {
      this.file.append(entry);
    } catch (error) {
      // Thrown by the next attempt, because this runs in a microtask.
      this.#failure ??= { error };
    }
  }
}

/** Event numbers by shard or reason. */
class Grouped<What> {
  readonly #groups = new Map<string, { what: What; indices: number[] }>();

  add(key: string, what: What, index: number): void {
    const group = this.#groups.get(key) ?? { what, indices: [] };
    this.#groups.set(key, group);
    group.indices.push(index);
  }

  ranges(): [What, Ranges][] | undefined {
    if (this.#groups.size === 0) return undefined;
    return [...this.#groups.values()].map(({ what, indices }) => [what, toRanges(indices)]);
  }
}

class Outcomes {
  readonly acknowledged = new Grouped<string>();
  readonly ambiguous: number[] = [];
  readonly refused = new Grouped<Reason>();
  readonly unanswered = new Grouped<Reason>();
  readonly abandoned: number[] = [];

  entry(): OutcomeEntry {
    const acknowledged = this.acknowledged.ranges();
    const refused = this.refused.ranges();
    const unanswered = this.unanswered.ranges();
    return {
      kind: "outcome",
      ...(acknowledged && { acknowledged }),
      ...(this.ambiguous.length > 0 && { ambiguous: toRanges(this.ambiguous) }),
      ...(refused && { refused }),
      ...(unanswered && { unanswered }),
      ...(this.abandoned.length > 0 && { abandoned: toRanges(this.abandoned) }),
    };
  }
}
