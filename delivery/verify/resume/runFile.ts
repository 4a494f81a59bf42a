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
import { checkedLine } from "./checkedLines";
import type { RunFileEntry, RunHeader } from "./runFileEntry";
import { runFilePath } from "./runFolder";
import { lockRun, type RunLock } from "./runLock";

/** At most so long after it was written is a line on the disk itself. */
const SYNC_EVERY_MS = 1_000;

/**
 * What a run did, line by line, in a file that is only ever appended to. A line is with the operating system before
 * `append` returns, so that it survives the end of this process at any moment; it is on the disk a second later, so that
 * a power failure can cost the last second.
 */
export class RunFile {
  #syncing = false;
  #syncedAt = 0;
  #failure: Error | undefined;

  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    private readonly lock: RunLock,
  ) {}

  /** @throws DeliveryError `run-file` where the file can't be made, or is there already. */
  static create(folder: string, header: RunHeader): RunFile {
    const path = runFilePath(folder, header.runId);
    const file = RunFile.#open(path, "ax");
    file.#write(header);
    return file;
  }

  /** @throws DeliveryError `run-file` where the file can't be opened, or another process goes on with the run. */
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

  /** @throws DeliveryError `run-file` where it can't be written: nothing may be sent that is not in the file. */
  append(entry: RunFileEntry): void {
    this.#write(entry);
    this.#syncNowAndThen();
  }

  /** Leaves the file as it is, on the disk. */
  close(): void {
    try {
      fdatasyncSync(this.descriptor);
    } catch {
      // What could not be synced is told at the next append; there is none after this.
    } finally {
      closeSync(this.descriptor);
      this.lock.release();
    }
  }

  /** For a run on which nothing is left to find out. */
  remove(): void {
    this.close();
    rmSync(this.path, { force: true });
  }

  #write(value: RunHeader | RunFileEntry): void {
    if (this.#failure !== undefined) throw notWritten(this.path, this.#failure);
    const line = Buffer.from(checkedLine(value));
    let at = 0;
    try {
      while (at < line.length) at += writeSync(this.descriptor, line, at);
    } catch (cause) {
      this.#takeBack(at);
      throw notWritten(this.path, cause);
    }
  }

  /** A torn line can only be the last one: where it can't be taken back, nothing more is written. */
  #takeBack(bytes: number): void {
    try {
      if (bytes > 0) ftruncateSync(this.descriptor, fstatSync(this.descriptor).size - bytes);
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  #syncNowAndThen(): void {
    const now = performance.now();
    if (this.#syncing || now - this.#syncedAt < SYNC_EVERY_MS) return;
    this.#syncing = true;
    this.#syncedAt = now;
    fdatasync(this.descriptor, (error) => {
      this.#syncing = false;
      if (error !== null && error.code !== "EBADF") this.#failure ??= error;
    });
  }
}

function notWritten(path: string, cause: unknown): DeliveryError {
  const reason = messageOf(cause);
  return new DeliveryError(
    "run-file",
    `The run's file ${path} can't be written: ${reason}. Make room or give another folder (--run-folder FOLDER), or do without going on later (--no-run-file)`,
    { cause },
  );
}
