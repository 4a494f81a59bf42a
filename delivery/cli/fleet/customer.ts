import { describeError } from "../../aws/errors";
import { accountOf } from "../../common/arn";
import type { Clock } from "../../common/clock";
import { DeliveryError, messageOf } from "../../common/errors";
import { type Finding, finding, findingLines } from "../../common/findings";
import { destinationIn, namesOf, resolveOutputs, type StackOutputs } from "../../common/outputs";
import { adviceFor, driftCause, oneLine, PulumiFailure, withStackNamed } from "../../fleet/causes";
import type { EngineReport } from "../../fleet/pulumi";
import { cancelUpdate, createStack, type Operation, runOperation } from "../../fleet/pulumi";
import type { CustomerOutcome, CustomerResult, CustomerStep, FleetCommand } from "../../fleet/report";
import { logFile, notStarted } from "../../fleet/results";
import type { Progress } from "../../sending/deployment";
import { type Deployment, deploymentOf } from "../options/deployment";
import { describeSource, openSource } from "../options/source";

/** Everything that one customer needs. It is sent to the customer's process. */
export interface CustomerTask {
  command: FleetCommand;
  /** Folder of the project. */
  folder: string;
  /** Name of the stack, which names the customer. */
  stack: string;
  /** Name by which Pulumi finds the stack: with its organization if that isn't the user's default. */
  reference: string;
  /** Version of the `pulumi` command. */
  version: string;
  /** Folder of the results. */
  results: string;
  lastVerification: CustomerResult["lastVerification"];
  /** Whether `up` checks and verifies what it has brought up. */
  verify: boolean;
  /** Output of the stack that is the destination. Default: the only one. */
  output?: string;
  /** Number of events to send. */
  events: number | undefined;
  propagationSeconds: number;
  /** Whether to remove the lock of another update. */
  clearLocks: boolean;
}

export interface CustomerHooks {
  /** Ends the customer in a clean state. Its reason is an error such as `because fleet was interrupted`. */
  signal: AbortSignal;
  clock: Clock;
  onStep: (step: CustomerStep["name"]) => void;
  /** Writes to the customer's log. */
  onLog: (text: string) => void;
}

/** Runs a fleet's command for one customer. Never rejects. */
export async function runCustomer(task: CustomerTask, hooks: CustomerHooks): Promise<CustomerResult> {
  const { signal, clock } = hooks;
  const startedAt = clock.now();
  const result: CustomerResult = {
    ...notStarted(task.stack, task.command),
    outcome: "succeeded",
    cause: null,
    remedy: null,
    lastVerification: task.lastVerification,
    startedAt: new Date(startedAt).toISOString(),
    log: `${task.stack}.log`,
  };
  const customer = new Customer(task, hooks, result);
  try {
    for (const step of stepsOf(task)) {
      signal.throwIfAborted();
      if (!(await customer.run(step))) break;
    }
  } catch (error) {
    Object.assign(result, endingOf(error, task, signal));
    if (error instanceof PulumiFailure && error.kind === "locked")
      result.findings.push(finding.error("stack-locked", task.stack, error.cause, error.remedy ?? ""));
  }
  result.durationInSeconds = (clock.now() - startedAt) / 1000;
  return result;
}

function stepsOf({ command, verify }: CustomerTask): CustomerStep["name"][] {
  if (command === "drift") return ["refresh"];
  return command === "up" && verify ? ["up", "check", "verify"] : [command];
}

type Ending = Pick<CustomerResult, "outcome" | "cause" | "remedy">;
const SUCCESS: Ending = { outcome: "succeeded", cause: null, remedy: null };

/** An unexpected error, such as one of the network, decides nothing about the customer. */
function endingOf(error: unknown, { reference }: CustomerTask, { aborted, reason }: AbortSignal): Ending {
  const remedy = "Run again with --resume";
  if (aborted)
    return { outcome: "interrupted", cause: `ended in a clean state, ${messageOf(reason)}`, remedy };
  if (error instanceof PulumiFailure) return { outcome: "failed", cause: error.cause, remedy: error.remedy };
  if (error instanceof DeliveryError)
    return { outcome: "failed", cause: oneLine(adviceFor(reference, error.message)), remedy: null };
  return { outcome: "undecided", cause: oneLine(describeError(error)), remedy };
}

class Customer {
  #deployment: Deployment | undefined;

  constructor(
    private readonly task: CustomerTask,
    private readonly hooks: CustomerHooks,
    private readonly result: CustomerResult,
  ) {}

  /** Runs a step and adds it to the result. @returns Whether the next one may run. */
  async run(name: CustomerStep["name"]): Promise<boolean> {
    const { clock, onStep, onLog } = this.hooks;
    onStep(name);
    onLog(`${new Date(clock.now()).toISOString()} ${name}`);
    const startedAt = clock.now();
    let succeeded = false;
    try {
      const { outcome, cause, remedy } = await this.#ending(name);
      succeeded = outcome === "succeeded";
      const { result } = this;
      if (!succeeded)
        Object.assign(result, { outcome, cause: result.cause ?? cause, remedy: result.remedy ?? remedy });
      return succeeded || (name === "check" && outcome === "undecided");
    } finally {
      this.result.steps.push({ name, durationInSeconds: (clock.now() - startedAt) / 1000, succeeded });
    }
  }

  #ending(name: CustomerStep["name"]): Promise<Ending> {
    switch (name) {
      case "check":
        return this.#check();
      case "verify":
        return this.#verify();
      default:
        return this.#operate(name);
    }
  }

  async #operate(name: Operation): Promise<Ending> {
    const { changes, outputs, drift, findings } = await this.#engine(name);
    this.#know(outputs, this.task.output);
    this.result.findings.push(...findings);
    if (name !== "refresh") {
      this.result.changes = changes;
      return SUCCESS;
    }
    this.result.drift = drift;
    return drift.length === 0 ? SUCCESS : { outcome: "failed", ...driftCause(this.task.reference, drift) };
  }

  /** Creates a stack that is missing for `up`, and removes a lock with the user's consent. */
  async #engine(name: Operation): Promise<EngineReport> {
    const { folder, reference: stack, version, results, clearLocks } = this.task;
    const log = logFile(results, this.task.stack);
    const options = { folder, stack, version, log, signal: this.hooks.signal };
    try {
      return await runOperation(name, options);
    } catch (error) {
      const kind = error instanceof PulumiFailure ? error.kind : "other";
      if (kind === "missing" && name === "up") await createStack(options);
      else if (kind === "locked" && clearLocks) await cancelUpdate(options);
      else throw error;
      return runOperation(name, options);
    }
  }

  async #check(): Promise<Ending> {
    const { checkDeployment }: typeof import("../../check") = require("../../check");
    const { outputs, aws } = await this.#deployed();
    const { signal, onLog } = this.hooks;
    const { propagationSeconds } = this.task;
    const report = await checkDeployment({ outputs, ...aws, propagationSeconds, signal, onStep: onLog });
    return this.#judged(report.findings, report.verdict === "passed" ? "succeeded" : report.verdict);
  }

  async #verify(): Promise<Ending> {
    const { verifyDelivery }: typeof import("../../verify") = require("../../verify");
    const { outputs, aws } = await this.#deployed();
    const { signal, clock, onLog } = this.hooks;
    const { events, propagationSeconds } = this.task;
    const [projectId] = outputs.guardProjectIds ?? [];
    const source = await openSource(
      describeSource(events === undefined ? {} : { events }, clock.now(), projectId),
    );
    const onProgress = onNewStep(onLog);
    const report = await verifyDelivery({ outputs, ...aws, source, propagationSeconds, signal, onProgress });
    this.result.verdict = report.verdict;
    this.result.verifiedAt = new Date(clock.now()).toISOString();
    const { eventsSent, eventsDelivered, latencyInSeconds: latency } = report;
    const { p50, p95, p99 } = latency ?? { p50: 0, p95: 0, p99: 0 };
    if (eventsSent > 0)
      this.result.delivery = { eventsSent, eventsDelivered, latencyInSeconds: latency && { p50, p95, p99 } };
    if (report.verdict === "undecided") signal.throwIfAborted();
    return this.#judged(report.findings, report.verdict === "verified" ? "succeeded" : report.verdict);
  }

  /** Adds findings, of which the verification repeats some of the check's. */
  #judged(all: readonly Finding[], outcome: CustomerOutcome): Ending {
    const findings = all.map((each) => withStackNamed(this.task.reference, each));
    const known = new Set(this.result.findings.map(({ code, where }) => `${code} ${where}`));
    const further = findings.filter(({ code, where }) => !known.has(`${code} ${where}`));
    this.result.findings.push(...further);
    for (const line of further.flatMap(findingLines)) this.hooks.onLog(line);
    if (outcome === "succeeded") return SUCCESS;
    const [first] = findings;
    return {
      outcome,
      cause: first === undefined ? `the verdict is ${outcome}` : oneLine(`${first.code}: ${first.message}`),
      remedy: first?.remedy ?? null,
    };
  }

  async #deployed(): Promise<Deployment> {
    const { reference: stack, folder: cwd, output } = this.task;
    this.#deployment ??= await deploymentOf({ stack, cwd, ...(output !== undefined && { output }) });
    this.#know(this.#deployment.outputs);
    return this.#deployment;
  }

  /**
   * Notes the stack's outputs, unless it has none yet.
   *
   * @param output Name of the destination among the values.
   */
  #know(values: object, output?: string): void {
    let outputs: StackOutputs;
    try {
      outputs = resolveOutputs([destinationIn({ description: "stack", values }, output)]);
    } catch {
      return;
    }
    // Those of a preview are only planned.
    if (this.task.command !== "preview") this.result.outputs = namesOf(outputs);
    this.result.region = outputs.region;
    this.result.accountId = accountOf(outputs.roleArn);
  }
}

/** Returns a listener that logs each step once. */
function onNewStep(onLog: (text: string) => void): (progress: Progress) => void {
  let last = "";
  return ({ step, eventsSent, eventsRead }) => {
    if (step !== last) onLog(`${step} (${eventsSent} sent, ${eventsRead} read back)`);
    last = step;
  };
}
