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
import { DeliveryError, messageOf } from "../../common/errors";
import { type FileLock, HeldLockError, takeLock } from "../../common/files";
import type { Reason } from "../../kinesis/outcome";
import type { RecordEnd } from "../../kinesis/producer";
import type { Ledger } from "../ledger";
import {
  notWritable,
  type OutcomeEntry,
  type Ranges,
  type RunFileEntry,
  type RunHeader,
  runFilePath,
  toRanges,
} from "./runFile";

/**
 * Keeps two processes from resuming one run, with a file next to the run file.
 *
 * @throws DeliveryError `run-file` if a live process holds the lock, or it can't be written.
 */
export function lockRun(path: string): FileLock {
  try {
    return takeLock(`${path}.lock`);
  } catch (cause) {
    if (cause instanceof HeldLockError)
      throw new DeliveryError("run-file", `${cause.holder} is using the run in ${path}. ${cause.remedy}`);
    throw notWritable(`Can't lock the run file ${path}: ${messageOf(cause)}`, cause);
  }
}

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
  #failure: unknown;

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
      this.#failure ??= error;
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

/** Event numbers by shard or reason. */
class Grouped<What> {
  readonly #groups = new Map<string, [What, number[]]>();

  add(key: string, what: What, index: number): void {
    const group = this.#groups.get(key) ?? [what, []];
    this.#groups.set(key, group);
    group[1].push(index);
  }

  get ranges(): [What, Ranges][] {
    return [...this.#groups.values()].map(([what, indices]) => [what, toRanges(indices)]);
  }
}

/** Outcomes that are not in the file yet. */
class Outcomes {
  readonly acknowledged = new Grouped<string>();
  readonly ambiguous: number[] = [];
  readonly refused = new Grouped<Reason>();
  readonly unanswered = new Grouped<Reason>();
  readonly abandoned: number[] = [];

  get entry(): OutcomeEntry {
    const outcomes: Omit<OutcomeEntry, "kind"> = {
      acknowledged: this.acknowledged.ranges,
      ambiguous: toRanges(this.ambiguous),
      refused: this.refused.ranges,
      unanswered: this.unanswered.ranges,
      abandoned: toRanges(this.abandoned),
    };
    const some = Object.entries(outcomes).filter(([, ranges]) => ranges.length > 0);
    return { kind: "outcome", ...Object.fromEntries(some) };
  }
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
  attempt(
    records: readonly { readonly index: number }[],
    at: number,
    ledger: Pick<Ledger, "isSent" | "hashOf">,
  ): void {
    this.#flush();
    if (this.#failure !== undefined) throw this.#failure.error;
    const indices = records.map(({ index }) => index);
    const hashes = indices.filter((index) => !ledger.isSent(index)).map((index) => ledger.hashOf(index));
    const hashed = Buffer.concat(hashes).toString("base64");
    this.file.append({ kind: "attempt", at, events: toRanges(indices), hashes: hashed });
  }

  ambiguous(index: number): void {
    this.#gather().ambiguous.push(index);
  }

  /** An event that is left open counts as abandoned: the file already has which of its attempts may have written it. */
  ended(index: number, end: RecordEnd): void {
    const outcomes = this.#gather();
    if (end.kind === "acknowledged") outcomes.acknowledged.add(end.shardId, end.shardId, index);
    else if (end.kind === "refused" || end.kind === "unanswered")
      outcomes[end.kind].add(end.reason.detail, end.reason, index);
    else outcomes.abandoned.push(index);
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
    const { entry } = this.#outcomes;
    this.#outcomes = new Outcomes();
    try {
      this.file.append(entry);
    } catch (error) {
      // Thrown by the next attempt, because this runs in a microtask.
      this.#failure ??= { error };
    }
  }
}
