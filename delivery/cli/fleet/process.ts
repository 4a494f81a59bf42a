import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { describeError } from "../../aws/errors";
import { systemClock } from "../../common/clock";
import { registerEnvironment } from "../../common/redactSecrets";
import type { CustomerResult, CustomerStep } from "../../fleet/report";
import { logFile, notStarted, redactLog, writeResult } from "../../fleet/results";
import { print, printProblem } from "../terminal/output";
import type { CustomerTask } from "./customer";

/** Messages of a customer's process. */
interface CustomerMessage {
  step?: CustomerStep["name"];
  result?: CustomerResult;
}

/** Process groups of the customers that run. */
const groups = new Set<number>();

/**
 * Runs a customer in a process, whose output goes to the customer's log.
 *
 * The process leads a group, so that a terminal's Ctrl-C reaches only this process, which then asks each customer to end.
 * A process that is killed is a customer that failed.
 *
 * @param signal Asks the customer to end in a clean state.
 * @throws ReportError if the result of a killed process can't be written.
 */
export async function startCustomer(
  task: CustomerTask,
  { signal, onStep }: { signal: AbortSignal; onStep: (step: CustomerStep["name"]) => void },
): Promise<CustomerResult> {
  const startedAt = systemClock.now();
  const log = openSync(logFile(task.results, task.stack), "w", 0o600);
  const child = fork(__filename, { stdio: ["ignore", log, log, "ipc"], detached: true });
  closeSync(log);
  // A process that has ended can't be told anything, and its end is reported below.
  const tell = (message: CustomerTask | "cancel") => child.connected && child.send(message, () => {});
  const cancel = () => tell("cancel");
  let result: CustomerResult | undefined;
  child.on("message", (message: CustomerMessage) => {
    if (message.step !== undefined) onStep(message.step);
    result ??= message.result;
  });
  tell(task);
  signal.addEventListener("abort", cancel);
  if (child.pid !== undefined) groups.add(child.pid);
  try {
    const ending = await endOf(child);
    if (result !== undefined) return result;
    const killed: CustomerResult = {
      ...notStarted(task.stack, task.command),
      outcome: "failed",
      startedAt: new Date(startedAt).toISOString(),
      durationInSeconds: (systemClock.now() - startedAt) / 1000,
      cause: `the customer's process ended ${ending}`,
      remedy: "Run again with --resume. If memory ran out, choose a smaller --parallel",
      log: `${task.stack}.log`,
      lastVerification: task.lastVerification,
    };
    await redactLog(task.results, task.stack);
    await writeResult(task.results, killed);
    return killed;
  } finally {
    signal.removeEventListener("abort", cancel);
    if (child.pid !== undefined) groups.delete(child.pid);
  }
}

/** Ends the operations of Pulumi at once, which leaves their stacks unlocked. Their customers' processes then end too. */
export function forceCustomers(): void {
  for (const group of groups) signalGroup(group, "SIGINT");
}

const POLL_MS = 100;

/** Waits for the process, and for the command of Pulumi that it may leave behind. @returns How the process ended. */
async function endOf(child: ChildProcess): Promise<string> {
  const [code, signal] = await once(child, "exit").catch((error: Error) => [error.message, null]);
  while (child.pid !== undefined && signalGroup(child.pid, 0)) await systemClock.sleep(POLL_MS);
  return signal === null ? `with ${code}, see its log` : `by ${signal}`;
}

/** Signals a process group; 0 only tests it. @returns Whether the group exists. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** This file is also the program of a customer's process, which gets its task as the first message. */
if (require.main === module) {
  // The SDKs of Pulumi and AWS, which are loaded later, then start in half the time.
  enableCompileCache();
  process.once("message", (task: CustomerTask) => {
    work(task).then(
      () => process.exit(0),
      (error) => {
        printProblem(describeError(error));
        process.exit(1);
      },
    );
  });
}

async function work(task: CustomerTask): Promise<void> {
  registerEnvironment(process.env);
  const controller = new AbortController();
  const cancel = (reason: string) => controller.abort(new Error(reason));
  process.on("message", (message) => message === "cancel" && cancel("because fleet was interrupted"));
  process.on("disconnect", () => cancel("because the process of fleet had ended"));
  process.on("SIGTERM", () => cancel("because of SIGTERM"));
  // Only the command of Pulumi ends with a SIGINT to the process group.
  process.on("SIGINT", () => {});
  const { runCustomer }: typeof import("./customer") = require("./customer");
  const result = await runCustomer(task, {
    signal: controller.signal,
    clock: systemClock,
    onStep: (step) => tell({ step }),
    onLog: print,
  });
  await redactLog(task.results, task.stack);
  await writeResult(task.results, result);
  await tell({ result });
}

function tell(message: CustomerMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, () => resolve());
    else resolve();
  });
}
