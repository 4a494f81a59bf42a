import { homedir } from "node:os";
import { join } from "node:path";
import { DeliveryError, messageOf } from "../../common/errors";
import { type FileLock, HeldLockError, makeFolder, takeLock } from "../../common/files";
import { type Part, partText } from "../../common/part";

/**
 * Returns the default folder of run files: `$XDG_STATE_HOME/amplitude-kinesis`, else `~/.local/state/amplitude-kinesis`;
 * on Windows `%LOCALAPPDATA%\amplitude-kinesis`.
 *
 * Source: XDG Base Directory Specification.
 */
export function defaultRunFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { XDG_STATE_HOME, LOCALAPPDATA } = environment;
  const base = platform === "win32" ? LOCALAPPDATA : XDG_STATE_HOME;
  return join(base || join(homedir(), ".local", "state"), "amplitude-kinesis");
}

/** @throws DeliveryError `run-file` if it can't be created. */
export function makeRunFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
  } catch (cause) {
    throw notWritable(`Can't create the folder for run files: ${messageOf(cause)}`, cause);
  }
}

/** Each part of a run has a file, such as `RUN.2-of-4.run`. */
export function runFilePath(folder: string, runId: string, part?: Part): string {
  const name = part === undefined ? runId : `${runId}.${partText(part).replace("/", "-of-")}`;
  return join(folder, `${name}.run`);
}

export function notWritable(message: string, cause: unknown): DeliveryError {
  const remedy =
    "Free disk space, name another folder with --run-folder, or turn off resuming with --no-run-file";
  return new DeliveryError("run-file", `${message}. ${remedy}`, { cause });
}

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
