import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, ReportError, SettingsError } from "../common/errors";
import {
  type FileLock,
  HeldLockError,
  hasCode,
  makeFolder,
  takeLock,
  writeAtomically,
} from "../common/files";
import { redactSecrets } from "../common/redactSecrets";
import { jsonText } from "../common/text";
import { isObject } from "../common/values";
import type { CustomerResult, FleetCommand } from "./report";

/** Folder of the results in the project's folder. */
export const DEFAULT_RESULT_FOLDER = "fleet-report";

/** Path of a customer's log. */
export function logFile(folder: string, stack: string): string {
  return join(folder, `${stack}.log`);
}

/** Returns the result of a customer that has not started. */
export function notStarted(stack: string, command: FleetCommand): CustomerResult {
  return {
    stack,
    command,
    outcome: "not-started",
    accountId: null,
    region: null,
    outputs: null,
    startedAt: null,
    durationInSeconds: 0,
    steps: [],
    changes: null,
    drift: null,
    verdict: null,
    verifiedAt: null,
    delivery: null,
    findings: [],
    log: null,
    lastVerification: null,
    cause: "the run ended before",
    remedy: "Run again with --resume",
  };
}

/**
 * Returns the last result of a customer, or undefined if there is none.
 *
 * @throws ReportError if the file can't be read or is not a result.
 */
export async function readResult(folder: string, stack: string): Promise<CustomerResult | undefined> {
  const file = join(folder, `${stack}.json`);
  try {
    const result: unknown = JSON.parse(await readFile(file, "utf8"));
    if (isObject(result) && result.stack === stack && "outcome" in result && "command" in result)
      return result as unknown as CustomerResult;
    throw new Error(`it is not the result of ${stack}`);
  } catch (cause) {
    if (hasCode(cause, "ENOENT") || hasCode(cause, "ENOTDIR")) return undefined;
    const problem = `${file} can't be read: ${messageOf(cause)}`;
    throw new ReportError(`${problem}. Remove it, or choose another --report`, { cause });
  }
}

/** @throws ReportError if the file can't be written. */
export async function writeResult(folder: string, result: CustomerResult): Promise<void> {
  const file = join(folder, `${result.stack}.json`);
  try {
    await writeAtomically(file, `${jsonText(result)}\n`);
  } catch (cause) {
    throw new ReportError(`${file} can't be written: ${messageOf(cause)}`, { cause });
  }
}

/** Redacts a customer's log, because Pulumi has written to it itself. Nothing may write to the log any more. */
export async function redactLog(folder: string, stack: string): Promise<void> {
  const file = logFile(folder, stack);
  const text = await readFile(file, "utf8");
  const redacted = redactSecrets(text);
  if (redacted !== text) await writeAtomically(file, redacted);
}

/**
 * Keeps two runs from writing to one folder.
 *
 * @throws SettingsError if another run writes to it.
 * @throws ReportError if the folder can't be written.
 */
export function lockResults(folder: string): FileLock {
  try {
    makeFolder(folder, 0o700);
    return takeLock(join(folder, "fleet.lock"));
  } catch (cause) {
    if (cause instanceof HeldLockError)
      throw new SettingsError(
        `${cause.holder} is writing the results in ${folder}. ${cause.remedy}. Give each part of a run another --report`,
      );
    throw new ReportError(`The folder ${folder} can't be prepared: ${messageOf(cause)}`, { cause });
  }
}

/** Files of the report of all customers. */
const REPORT_FILES = ["report.json", "report.html", "report.xml", "report.md"];

/**
 * Replaces the earlier results by `not-started` and removes the earlier report, so that the folder holds the truth however
 * the run ends. A resumed run keeps the results of the same command that succeeded.
 *
 * @param options With `verify`, only a customer that was verified counts as done when the run is resumed.
 * @returns Customers to run, and the results that a resumed run keeps.
 * @throws ReportError if an earlier result can't be read, before anything is changed, or if a file can't be written.
 */
export async function startRun(
  folder: string,
  command: FleetCommand,
  stacks: readonly string[],
  { resume = false, verify = false }: { resume?: boolean; verify?: boolean } = {},
): Promise<{ stacks: string[]; finished: CustomerResult[] }> {
  const earlier = new Map<string, CustomerResult | undefined>();
  for (const stack of stacks) earlier.set(stack, await readResult(folder, stack));
  try {
    makeFolder(folder, 0o700);
    for (const name of REPORT_FILES) await rm(join(folder, name), { force: true });
  } catch (cause) {
    throw new ReportError(`The folder ${folder} can't be prepared: ${messageOf(cause)}`, { cause });
  }
  const run = { stacks: [] as string[], finished: [] as CustomerResult[] };
  for (const [stack, last] of earlier) {
    const hasSucceeded = last?.command === command && last.outcome === "succeeded";
    if (resume && hasSucceeded && !(verify && last.verdict === null)) {
      run.finished.push(last);
      continue;
    }
    run.stacks.push(stack);
    await writeResult(folder, { ...notStarted(stack, command), lastVerification: lastVerification(last) });
  }
  return run;
}

/** Returns the last verification of a customer, of its last run or of an earlier one. */
export function lastVerification(result: CustomerResult | undefined) {
  const { verdict = null, verifiedAt = null } = result ?? {};
  return verdict === null || verifiedAt === null
    ? (result?.lastVerification ?? null)
    : { verdict, verifiedAt };
}
