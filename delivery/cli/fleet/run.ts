import { availableParallelism } from "node:os";
import { systemClock } from "../../common/clock";
import { messageOf, SettingsError } from "../../common/errors";
import type { FileLock } from "../../common/files";
import type { Part } from "../../common/part";
import { counted, printableLines } from "../../common/text";
import { oneLine } from "../../fleet/causes";
import {
  type CustomerOutcome,
  type CustomerResult,
  type FleetCommand,
  type FleetReport,
  worstOutcome,
} from "../../fleet/report";
import {
  lastVerification,
  lockResults,
  notStarted,
  readResult,
  startRun,
  writeResult,
} from "../../fleet/results";
import type { FleetProject } from "../../fleet/stacks";
import { type FleetDisplay, fleetDisplay } from "../terminal/fleetDisplay";
import { interruption } from "../terminal/interruption";
import { publishReport } from "../terminal/output";
import { askConsent } from "../terminal/prompts";
import type { CustomerTask } from "./customer";
import { forceCustomers, startCustomer } from "./process";

export interface FleetFlags {
  cwd: string;
  org?: string;
  only?: string[];
  part?: Part;
  output?: string;
  parallel?: number;
  maxFailures?: number;
  canary?: number;
  /** False with --no-verify. */
  verify: boolean;
  events?: number;
  propagation: number;
  clearLocks?: true;
  resume?: true;
  run?: string;
  yes?: true;
  report?: string;
  json?: true;
}

/** The customers of a project, and how to work on them. */
export interface Fleet {
  project: FleetProject;
  /** Version of the `pulumi` command. */
  version: string;
  /** Folder of the results. */
  results: string;
  flags: FleetFlags;
}

/** Returns the name by which Pulumi finds a stack. */
export function referenceOf({ org }: FleetFlags, stack: string): string {
  return org === undefined ? stack : `${org}/${stack}`;
}

/** Memory that one customer needs: the CLI, the program, the AWS provider and this command's process. */
const CUSTOMER_MEMORY_BYTES = 1024 ** 3;
const CUSTOMERS_PER_CORE = 2;

/** Number of customers that read from AWS and Pulumi at the same time. */
export const DEFAULT_READERS = CUSTOMERS_PER_CORE * availableParallelism();

function defaultParallel(): number {
  const byMemory = Math.floor(process.availableMemory() / CUSTOMER_MEMORY_BYTES);
  return Math.max(1, Math.min(DEFAULT_READERS, byMemory));
}

/** Runs a command for every stack, and reports it. @returns The exit status. */
export async function runFleet(fleet: Fleet, command: FleetCommand, stacks: string[]): Promise<number> {
  const { project, results, flags } = fleet;
  const { resume = false, yes, json, run = null, part } = flags;
  const startedAt = systemClock.now();
  if (command === "up" && !yes) await confirmUp(stacks.length);
  const fleetRun = new FleetRun(fleet, command);
  let lock: FileLock | undefined;
  try {
    lock = lockResults(results);
    const verify = command === "up" && flags.verify;
    const started = await startRun(results, command, stacks, { resume, verify });
    const customers = [...started.finished, ...(await fleetRun.customers(started.stacks))];
    const report: FleetReport = {
      fleetReportVersion: 1,
      command,
      project: project.name,
      run,
      findings: [],
      outcome: worstOutcome(customers.map(({ outcome }) => outcome)),
      startedAt: new Date(startedAt).toISOString(),
      durationInSeconds: (systemClock.now() - startedAt) / 1000,
      parts: part === undefined ? [] : [part],
      customers: customers.sort((one, other) => (one.stack < other.stack ? -1 : 1)),
    };
    const { fleetText }: typeof import("../../report/fleet") = require("../../report/fleet");
    return await publishReport(report, { ...(json && { json }), report: results }, fleetText);
  } finally {
    lock?.release();
    fleetRun.release();
  }
}

/** @throws SettingsError unless the user agrees on the terminal. */
async function confirmUp(count: number): Promise<void> {
  const question = `Bring up ${counted(count, "stack")}?`;
  if (await askConsent(question, new AbortController().signal)) return;
  throw new SettingsError(
    "Nothing was brought up. Run `fleet preview` to see the changes, and pass --yes to make them",
  );
}

/** Runs customers until Ctrl-C. */
class FleetRun {
  readonly #interrupt = interruption(() => {
    this.#display?.stop();
    forceCustomers();
  }, "the customers that run end in a clean state");
  #display: FleetDisplay | undefined;

  constructor(
    private readonly fleet: Fleet,
    private readonly command: FleetCommand,
  ) {}

  /** Restores the default handling of signals. */
  release(): void {
    this.#interrupt.release();
  }

  /** Runs the customers, and those whose stack is locked once more if the user agrees to remove the locks. */
  async customers(stacks: string[]): Promise<CustomerResult[]> {
    const { signal } = this.#interrupt;
    const { clearLocks = false } = this.fleet.flags;
    const results = await this.#attempt(stacks, clearLocks);
    const locked = results.filter(({ findings }) => findings.some(({ code }) => code === "stack-locked"));
    if (locked.length === 0 || clearLocks || signal.aborted) return results;
    const question = `${locked.map(({ stack, cause }) => `${stack}: ${cause}`).join("\n")}\nHave these updates ended? Remove the locks and run again?`;
    if (!(await askConsent(printableLines(question), signal))) return results;
    const others = results.filter((each) => !locked.includes(each));
    const names = locked.map(({ stack }) => stack);
    return [...others, ...(await this.#attempt(names, true))];
  }

  async #attempt(stacks: string[], clearLocks: boolean): Promise<CustomerResult[]> {
    const { signal } = this.#interrupt;
    const results: CustomerResult[] = [];
    const display = fleetDisplay(process.stderr, stacks.length);
    this.#display = display;
    signal.addEventListener("abort", () => display.detach(), { once: true });
    const run = async (stack: string) => {
      const result = await this.#task(stack, clearLocks)
        .then((task) => startCustomer(task, { signal, onStep: (step) => display.step(stack, step) }))
        .catch((error) => this.#unstartable(stack, error));
      results.push(result);
      display.done(result);
      return result.outcome;
    };
    try {
      const { canary = 0, maxFailures = Infinity, parallel = defaultParallel() } = this.fleet.flags;
      const remaining = await runSchedule(stacks, run, { parallel, canary, maxFailures, signal });
      return [...results, ...(await this.#notStarted(remaining))];
    } finally {
      display.stop();
    }
  }

  async #task(stack: string, clearLocks: boolean): Promise<CustomerTask> {
    const { project, version, results, flags } = this.fleet;
    const { verify, events, propagation, output } = flags;
    return {
      command: this.command,
      stack,
      reference: referenceOf(flags, stack),
      verify,
      events,
      clearLocks,
      folder: project.folder,
      version,
      results,
      propagationSeconds: propagation,
      ...(output !== undefined && { output }),
      lastVerification: lastVerification(await readResult(results, stack)),
    };
  }

  /** Returns the result of a customer whose process can't be started, or whose result can't be written. */
  #unstartable(stack: string, error: unknown): CustomerResult {
    return { ...notStarted(stack, this.command), outcome: "failed", cause: oneLine(messageOf(error)) };
  }

  #notStarted({ stacks, reason }: Remaining): Promise<CustomerResult[]> {
    const { results } = this.fleet;
    const all = stacks.map(async (stack) => {
      const last = (await readResult(results, stack)) ?? notStarted(stack, this.command);
      const result = { ...last, cause: REASONS[reason ?? "interrupted"] };
      await writeResult(results, result);
      return result;
    });
    return Promise.all(all);
  }
}

const REASONS = {
  canary: "not started, because not every canary succeeded",
  "max-failures": "not started, because --max-failures was reached",
  interrupted: "not started, because the run was interrupted",
};

/** Order and limits of a run. */
export interface Schedule {
  /** Maximum number of customers at the same time, from 1. */
  parallel: number;
  /** Number of customers that run first. The others start only if all of them succeed. 0: no canary. */
  canary: number;
  /** Number of customers without success after which no further one starts. Infinity: no limit. */
  maxFailures: number;
  /** Stops starting customers. Those that run are awaited. */
  signal: AbortSignal;
}

/** Customers that a run did not start, and why. */
export interface Remaining {
  stacks: string[];
  /** Null if every customer started. */
  reason: "canary" | "max-failures" | "interrupted" | null;
}

/**
 * Runs the customers in their order. A failure doesn't stop customers that are already running.
 *
 * @param run Runs one customer. It must not reject.
 */
export async function runSchedule(
  stacks: readonly string[],
  run: (stack: string) => Promise<CustomerOutcome>,
  { parallel, canary, maxFailures, signal }: Schedule,
): Promise<Remaining> {
  let failures = 0;
  const work = async (stack: string) => {
    if ((await run(stack)) !== "succeeded") failures++;
  };
  const mayStart = () => failures < maxFailures && !signal.aborted;
  const canaries = await inParallel(stacks.slice(0, canary), parallel, work, mayStart);
  const others = stacks.slice(canary);
  const isHeld = canary > 0 && failures > 0;
  const waiting = [...canaries, ...(isHeld ? others : await inParallel(others, parallel, work, mayStart))];
  const reason = signal.aborted ? "interrupted" : isHeld ? "canary" : "max-failures";
  return { stacks: waiting, reason: waiting.length === 0 ? null : reason };
}

/**
 * Works on the stacks in their order, on at most `limit` at the same time.
 *
 * @param work Must not reject.
 * @param mayStart Whether a further stack may start. Default: always.
 * @returns The stacks that were not started.
 */
export async function inParallel(
  stacks: readonly string[],
  limit: number,
  work: (stack: string) => Promise<void>,
  mayStart: () => boolean = () => true,
): Promise<string[]> {
  const waiting = [...stacks];
  const worker = async () => {
    while (mayStart()) {
      const stack = waiting.shift();
      if (stack === undefined) return;
      await work(stack);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return waiting;
}
