import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const PREFIX = "run-";

/** The message is one sentence that says what to do; `start.cjs` has the same for what it makes itself. */
export class UnwritableFolderError extends Error {
  override readonly name = "UnwritableFolderError";

  constructor(folder: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `the folder ${folder} can't be written to (${reason}), and the sandbox writes nowhere else: make it a folder that you may write to, or run a copy of the project elsewhere.`,
      { cause },
    );
  }
}

/**
 * A folder for this run alone, below `root`. Those of runs that were killed before they could remove theirs go first.
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
    // EPERM: there is such a process, of somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
