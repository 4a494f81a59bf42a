import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "run-";

/** The message says what to do. `start.cjs` has the same message for its own folder. */
export class UnwritableFolderError extends Error {
  override readonly name = "UnwritableFolderError";

  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `can't write to ${folder} (${reason}), the only folder that the sandbox writes to. Make it writable, or run a copy of the project elsewhere.`,
      { cause },
    );
  }
}

/**
 * Creates a folder for this run in `root`, after removing the folders of killed runs.
 *
 * @throws UnwritableFolderError
 */
export function makeRunFolder(root: string): string {
  try {
    mkdirSync(root, { recursive: true });
    for (const name of readdirSync(root)) {
      const pid = Number(name.match(/^run-(\d+)-/)?.[1]);
      if (pid > 0 && !isAlive(pid)) rmSync(join(root, name), { recursive: true, force: true });
    }
    return mkdtempSync(join(root, `${PREFIX}${process.pid}-`));
  } catch (cause) {
    throw new UnwritableFolderError(root, cause);
  }
}

export function removeRunFolder(folder: string): void {
  if (existsSync(folder)) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
