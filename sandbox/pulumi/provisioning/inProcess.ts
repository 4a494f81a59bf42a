import { randomBytes } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { Autonaming } from "../provider/check";
import { configurationOf } from "../provider/configuration";
import { isObject, type Properties } from "../provider/properties";
import type { Found } from "../provider/resourceType";
import type { Project, Provisioned, ProvisionOptions, StackOutputs } from "./places";
import { namespaced, PROGRAM, providerSettings, readProject } from "./places";

/** The worker's input. */
export interface Task {
  program: string;
  project: Project;
  stackName: string;
  /** Values by key with its namespace. Like the engine, it encodes values other than strings as JSON. */
  config: Record<string, string>;
  provider: Record<string, unknown>;
}

export interface CreatedResource extends Found {
  token: string;
}

/** The worker's messages. */
export type Report = { made: CreatedResource } | { outputs: StackOutputs };

/**
 * Creates the program's resources once with Pulumi's runtime, which keeps no state and no order without its engine. It runs
 * on a thread, because a failing program rejects a promise that nothing awaits, which then ends only the thread.
 */
export async function provisionInProcess(options: ProvisionOptions): Promise<Provisioned> {
  const { aws, stackName, config = {}, program = PROGRAM, signal } = options;
  const project = await readProject();
  signal?.throwIfAborted();
  const provider = {
    ...providerSettings(aws),
    accessKey: aws.principals.operator.accessKeyId,
    secretKey: aws.principals.operator.secretAccessKey,
  };
  const settings = { ...defaultsOf(project), ...namespaced(project.name, config), "aws:region": aws.region };
  const { outputs, made } = await run(
    { program, project, stackName, config: asText(settings), provider },
    signal,
  );
  return {
    engine: "Pulumi's in-process runtime",
    outputs,
    destroy: () => destroy(provider, made.splice(0)),
  };
}

function defaultsOf(project: Project): Record<string, unknown> {
  const defaults = Object.entries(project.config ?? {}).map(([key, setting]) => [key, setting.default]);
  return namespaced(project.name, Object.fromEntries(defaults.filter(([, value]) => value !== undefined)));
}

function asText(config: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(entries);
}

/** A new thread must turn on the caches and TypeScript again before it can load the worker's module. */
const BOOTSTRAP = `require("node:module").enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
require(${JSON.stringify(require.resolve("../../process/typescript.cjs"))});
require(${JSON.stringify(require.resolve("./inProcessWorker"))});`;

/** Returns the resources in the order of their creation. */
async function run(
  task: Task,
  signal?: AbortSignal,
): Promise<{ outputs: StackOutputs; made: CreatedResource[] }> {
  const inherited = ["PATH", "TMPDIR", "NODE_COMPILE_CACHE"].filter(
    (name) => process.env[name] !== undefined,
  );
  const worker = new Worker(BOOTSTRAP, {
    eval: true,
    workerData: task,
    // A thread gets a variable that is undefined as the text "undefined".
    env: Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
    stdout: true,
  });
  worker.stdout.pipe(process.stderr, { end: false });
  const giveUp = () => void worker.terminate();
  signal?.addEventListener("abort", giveUp);
  const made: CreatedResource[] = [];
  try {
    const outputs = await new Promise<StackOutputs>((resolve, reject) => {
      worker.on("message", (report: Report) => {
        if ("made" in report) made.push(report.made);
        else resolve(report.outputs);
      });
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("the stack program ended before its outputs were known")));
    });
    return { outputs, made };
  } finally {
    signal?.removeEventListener("abort", giveUp);
    await worker.terminate();
  }
}

async function destroy(provider: Properties, made: CreatedResource[]): Promise<void> {
  // The worker loads the provider. This thread needs it only here.
  const { connect }: typeof import("../provider/clients") = require("../provider/clients");
  const { typeOf }: typeof import("../provider/types") = require("../provider/types");
  const aws = connect(configurationOf(provider, {}));
  try {
    for (const { token, id, state } of made.reverse()) await typeOf(token).delete(aws, id, state);
  } finally {
    aws.close();
  }
}

/** Returns the name that the engine would propose for a resource, from the project's `pulumi:autonaming`. */
export function autonamingFor(
  project: Project,
  stackName: string,
  token: string,
  logicalName: string,
): Autonaming | undefined {
  const setting = strategyFor(project.config?.["pulumi:autonaming"]?.value, token);
  if (setting === undefined || setting.mode === "default") return undefined;
  if (setting.mode === "disabled") return { proposedName: "", mode: "disable" };
  if (setting.mode === "verbatim") return { proposedName: logicalName, mode: "enforce" };
  if (typeof setting.pattern !== "string") return undefined;
  const names = { name: logicalName, stack: stackName, project: project.name };
  return {
    proposedName: filledIn(setting.pattern, names),
    mode: setting.enforce === true ? "enforce" : "propose",
  };
}

/** Returns the most specific strategy: the type's, its provider's, or the general one. */
function strategyFor(autonaming: unknown, token: string): Record<string, unknown> | undefined {
  const provider = within(within(autonaming, "providers"), token.split(":")[0] ?? "");
  const candidates = [within(within(provider, "resources"), token), provider, autonaming];
  return candidates.filter(isObject).find(({ mode, pattern }) => mode !== undefined || pattern !== undefined);
}

function within(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

/** Source: Pulumi, "Auto-naming configuration": `${name}`, `${project}`, `${stack}`, `${hex(N)}`. */
function filledIn(pattern: string, names: Record<string, string>): string {
  return pattern.replace(/\$\{(\w+)(?:\((\d+)\))?\}/g, (expression, word: string, digits?: string) => {
    const name = names[word];
    if (name !== undefined && digits === undefined) return name;
    if (word === "hex" && digits !== undefined)
      return randomBytes(Number(digits)).toString("hex").slice(0, Number(digits));
    throw new Error(`the in-process runtime does not support ${expression} in pulumi:autonaming`);
  });
}
