import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import type { DiagnosticEvent, EngineEvent, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { messageOf, SettingsError } from "../common/errors";
import { hasCode } from "../common/files";
import { type Finding, finding } from "../common/findings";
import { MAX_INPUT_BYTES } from "../common/limits";
import { killedFailure, pulumiFailure } from "./causes";
import type { DriftedResource } from "./report";

/** Operation of Pulumi on a stack. `refresh` is a preview: it changes neither the state nor AWS. */
export type Operation = "preview" | "up" | "refresh";

/** A stack, and how to work on it. */
export interface StackOptions {
  /** Folder of the project. */
  folder: string;
  /** Name of the stack, with its organization if that isn't the user's default. */
  stack: string;
  /** Version of the `pulumi` command. */
  version: string;
  /** File to which the output of Pulumi is appended. */
  log: string;
  /** Ends a running operation in a clean state, as Ctrl-C does. */
  signal: AbortSignal;
}

/**
 * Runs an operation through the Automation API on the local project, with the user's backend, passphrase and plugins.
 *
 * @throws PulumiFailure if it fails. Throws the signal's reason if it is aborted.
 */
export async function runOperation(operation: Operation, options: StackOptions): Promise<EngineReport> {
  const report: EngineReport = { changes: null, outputs: {}, drift: [], errors: [], findings: [] };
  return explainingFailure(options, report.errors, async () => {
    const stack = await openStack(options);
    const onEvent = (event: EngineEvent) => addEvent(report, event, options.stack);
    const { signal } = options;
    if (operation === "preview") await stack.preview({ onEvent, signal });
    else if (operation === "up") await stack.up({ onEvent, signal });
    else if (stack.previewRefresh !== undefined) await stack.previewRefresh({ onEvent, signal });
    else
      throw new SettingsError(
        "drift requires a newer @pulumi/pulumi. Run `npm install @pulumi/pulumi@latest` in the project's folder",
      );
    return report;
  });
}

/** Report of the engine about one operation on a stack. */
export interface EngineReport {
  /** Number of resources by change; null before the engine's summary. */
  changes: Record<string, number> | null;
  /** Outputs of the stack that the operation knows; a secret is `[secret]`. */
  outputs: Readonly<Record<string, unknown>>;
  /** Resources that differ from the state, if the operation is a refresh. */
  drift: DriftedResource[];
  /** Messages of the engine's errors. */
  errors: string[];
  /** Operations that an earlier update left unfinished. */
  findings: Finding[];
}

/** Adds an engine's event to the report of the operation. */
export function addEvent(report: EngineReport, event: EngineEvent, stack: string): void {
  const { summaryEvent, resOutputsEvent, diagnosticEvent } = event;
  if (summaryEvent !== undefined) report.changes = { ...summaryEvent.resourceChanges };
  if (resOutputsEvent !== undefined) {
    const { op, urn, detailedDiff, diffs, type, new: state } = resOutputsEvent.metadata;
    if (type === "pulumi:pulumi:Stack") report.outputs = state?.outputs ?? {};
    if (op === "delete") report.drift.push({ urn, change: "delete", properties: [] });
    if (op === "update") {
      const names = Object.keys(detailedDiff ?? {});
      report.drift.push({ urn, change: "update", properties: names.length > 0 ? names : (diffs ?? []) });
    }
  }
  if (diagnosticEvent !== undefined) addDiagnostic(report, diagnosticEvent, stack);
}

function addDiagnostic(report: EngineReport, { severity, message }: DiagnosticEvent, stack: string): void {
  const text = message.replace(/<\{%\w+%\}>/g, "").trim();
  if (severity === "error") report.errors.push(text);
  if (severity === "warning" && /\bpending operations?\b/.test(text))
    report.findings.push(pending(text, stack));
}

/** Returns the finding about the operations in the engine's warning: `  * URN, interrupted while creating`. */
function pending(warning: string, stack: string): Finding {
  const operations = warning.split("\n").flatMap((line) => {
    const [urn = "", operation] = line.split(", interrupted while ");
    return operation === undefined ? [] : [`${operation} ${urn.split("::").at(-1)}`];
  });
  return finding.warning(
    "pending-operations",
    stack,
    `An earlier update was killed while ${operations.join(" and ") || "changing resources"}. What it was creating may exist in AWS without the stack knowing`,
    `Compare with AWS, delete what the stack doesn't know, and run \`pulumi refresh --clear-pending-creates --stack ${stack}\``,
  );
}

/** Creates an empty stack. The user's selected stack stays selected. */
export function createStack(options: StackOptions): Promise<void> {
  return runCommand(["stack", "init", options.stack, "--no-select"], options);
}

/** Removes the lock of a stack. An update that still runs then fails, and may leave resources that no stack knows. */
export function cancelUpdate(options: StackOptions): Promise<void> {
  return runCommand(["cancel", "--yes", "--stack", options.stack], options);
}

async function runCommand(words: string[], options: StackOptions): Promise<void> {
  const run = logged(options);
  await explainingFailure(options, [], () =>
    run([...words, "--non-interactive"], options.folder, {}, undefined, undefined, options.signal),
  );
}

/**
 * Opens a stack without selecting it, because the selection is the user's. It skips four Pulumi commands that the API
 * runs by default: for the version, and after an update for the outputs and the history.
 */
async function openStack(options: StackOptions): Promise<Stack> {
  const path = automationPath(options.folder);
  const { LocalWorkspace, Stack }: typeof import("@pulumi/pulumi/automation") = require(path);
  const { SemVer } = createRequire(path)("semver") as { SemVer: new (version: string) => Version };
  // The API's type doesn't declare `run`.
  const pulumiCommand = {
    command: "pulumi",
    version: new SemVer(options.version),
    run: logged(options),
  };
  const workspace = await LocalWorkspace.create({ workDir: options.folder, pulumiCommand });
  workspace.selectStack = async () => {};
  const stack = await Stack.select(options.stack, workspace);
  stack.outputs = async () => ({});
  stack.info = async () => undefined;
  return stack;
}

type Version = NonNullable<PulumiCommand["version"]>;

/** @throws SettingsError if neither the project nor this package's folder has Pulumi's SDK. */
function automationPath(folder: string): string {
  try {
    return require.resolve("@pulumi/pulumi/automation", { paths: [folder, __dirname] });
  } catch (cause) {
    throw new SettingsError(
      "fleet requires Pulumi's SDK for Node.js. Run `npm install @pulumi/pulumi` in the project's folder",
      { cause },
    );
  }
}

/**
 * Checks that Pulumi's command and SDK are installed.
 *
 * @returns Version of the command, such as `v3.259.0`.
 * @throws SettingsError if one is missing.
 */
export async function requirePulumi(folder: string): Promise<string> {
  automationPath(folder);
  return (await pulumiIn(folder, ["version"])).trim();
}

/**
 * Returns the output of a `pulumi` command that changes nothing.
 *
 * @param explain Returns the message for the error of Node.js.
 * @param cwd Folder to run it in. Default: the current folder.
 * @throws SettingsError if it fails, with its error.
 */
export async function pulumi(
  words: string[],
  explain: (cause: unknown) => string,
  cwd?: string,
): Promise<string> {
  const options = { cwd, env: environment(), maxBuffer: MAX_INPUT_BYTES };
  try {
    return (await promisify(execFile)("pulumi", [...words, "--non-interactive"], options)).stdout;
  } catch (cause) {
    throw new SettingsError(explain(cause), { cause });
  }
}

/** Returns the output of a `pulumi` command in the project of a fleet. @throws SettingsError if it fails. */
export function pulumiIn(folder: string, words: string[]): Promise<string> {
  const explain = (cause: unknown) => {
    if (hasCode(cause, "ENOENT"))
      return "fleet requires the `pulumi` command on the PATH. Install it: https://www.pulumi.com/docs/install";
    const { stderr = "" } = cause as { stderr?: string };
    return `\`pulumi ${words.join(" ")}\` failed: ${stderr.trim() || messageOf(cause)}`;
  };
  return pulumi(words, explain, folder);
}

function environment(): NodeJS.ProcessEnv {
  return { PULUMI_SKIP_UPDATE_CHECK: "true", ...process.env };
}

/** The command ended with an error, which is in its log, or by a signal. */
class CommandFailed extends Error {
  constructor(
    command: string,
    readonly signal: NodeJS.Signals | null,
  ) {
    super(`pulumi ${command} failed`);
  }
}

/**
 * Returns what replaces `run` of the Automation API's command. The command writes to the log itself: with a pipe to this
 * process, killing this process would also kill the command, and leave the stack locked with operations pending.
 */
function logged({ log }: StackOptions) {
  return async (
    words: string[],
    cwd: string,
    variables: Record<string, string>,
    _onOutput: unknown,
    _onError: unknown,
    signal: AbortSignal | undefined,
  ) => {
    signal?.throwIfAborted();
    const file = openSync(log, "a", 0o600);
    const args = words.includes("--non-interactive") ? words : [...words, "--non-interactive"];
    const env = { ...environment(), ...variables, PULUMI_AUTOMATION_API: "true" };
    const child = spawn("pulumi", args, { cwd, env, stdio: ["ignore", file, file] });
    closeSync(file);
    const cancel = () => child.kill("SIGINT");
    signal?.addEventListener("abort", cancel);
    try {
      const [code, killed] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
      if (code !== 0) throw new CommandFailed(words[0] ?? "", killed);
      return { stdout: "", stderr: "", code };
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  };
}

/** Rejects with the failure that the log's new lines describe, or with the signal's reason if the work was aborted. */
async function explainingFailure<Result>(
  { signal, stack, log }: StackOptions,
  errors: string[],
  work: () => Promise<Result>,
): Promise<Result> {
  const start = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!(error instanceof CommandFailed)) throw error;
    if (error.signal !== null) throw killedFailure(stack, error.signal);
    throw pulumiFailure(stack, errors, readFileSync(log).subarray(start).toString());
  }
}
