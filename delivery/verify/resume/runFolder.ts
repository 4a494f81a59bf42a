import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { DeliveryError, messageOf } from "../../common/errors";

/**
 * Where a user's runs are kept by default: `$XDG_STATE_HOME/amplitude-kinesis`, else `~/.local/state/amplitude-kinesis`;
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

/** @throws DeliveryError `run-file` where it can't be made. */
export function makeRunFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new DeliveryError(
      "run-file",
      `The folder for the run's file can't be made: ${reason}. Give another one (--run-folder FOLDER), or do without going on later (--no-run-file)`,
      { cause },
    );
  }
}

export function runFilePath(folder: string, runId: string): string {
  return join(folder, `${runId}.run`);
}
