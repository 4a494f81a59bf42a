import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { accountOf } from "../common/arn";
import { messageOf, SettingsError } from "../common/errors";
import { hasCode } from "../common/files";
import { namesOf, type StackOutputs } from "../common/outputs";
import { type Part, partIndexOf } from "../common/part";
import { counted } from "../common/text";
import { isObject } from "../common/values";
import { oneLine } from "./causes";
import { pulumiIn } from "./pulumi";
import type { CustomerResult } from "./report";
import { lastVerification, readResult } from "./results";

/** Pulumi project whose stacks are the customers. */
export interface FleetProject {
  /** Absolute path of the folder of Pulumi.yaml. */
  folder: string;
  /** Name in Pulumi.yaml. */
  name: string;
  /** Names of the stacks, sorted. Each has a file `Pulumi.NAME.yaml`. */
  stacks: string[];
}

/**
 * Reads a project and the names of its stacks.
 *
 * @throws SettingsError if there is no project, it can't be read, or a stack's file can't belong to a stack.
 */
export async function readFleetProject(path: string): Promise<FleetProject> {
  const folder = resolve(path);
  const { name, stackConfigDir = "." } = await readSettings(folder);
  if (typeof name !== "string" || typeof stackConfigDir !== "string") {
    throw new SettingsError(`Pulumi.yaml in ${folder} must have a name, and stackConfigDir must be a folder`);
  }
  return { folder, name, stacks: await stacksIn(resolve(folder, stackConfigDir)) };
}

async function readSettings(folder: string): Promise<Readonly<Record<string, unknown>>> {
  // Loaded with its first use, because it would slow down every other command's start.
  const { parse }: typeof import("yaml") = require("yaml");
  try {
    const parsed: unknown = parse(await readFile(join(folder, "Pulumi.yaml"), "utf8"));
    return isObject(parsed) ? parsed : {};
  } catch (cause) {
    const problem = hasCode(cause, "ENOENT")
      ? `There is no Pulumi.yaml in ${folder}`
      : `Pulumi.yaml in ${folder} can't be read: ${messageOf(cause)}`;
    throw new SettingsError(`${problem}. Run fleet in the folder of the project, or name it with --cwd`, {
      cause,
    });
  }
}

/** Source: Pulumi, "Stacks": letters, digits, hyphens, underscores and periods, at most 100 characters. */
const STACK_NAME = /^[\w.-]{1,100}$/;

const REPORT_NAME = "report";

async function stacksIn(folder: string): Promise<string[]> {
  const files = await readdir(folder).catch((cause) => {
    throw new SettingsError(`The stacks' files can't be listed: ${messageOf(cause)}`, { cause });
  });
  // Pulumi takes the extension from Pulumi.yaml. It would bring this stack up without its settings, in the shell's account.
  const unread = files.find((file) => /^Pulumi\..+\.yml$/.test(file));
  if (unread !== undefined) {
    throw new SettingsError(
      `Pulumi doesn't read ${unread} in ${folder}, because the project's file is Pulumi.yaml. Rename it to ${unread.replace(/yml$/, "yaml")}, or remove it`,
    );
  }
  const names = files.flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  const invalid = names.find((name) => !STACK_NAME.test(name));
  if (invalid !== undefined) {
    throw new SettingsError(
      `Pulumi.${invalid}.yaml in ${folder} is not the file of a stack, because a stack's name has only letters, digits, '-', '_' and '.'. Rename or remove the file`,
    );
  }
  if (names.includes(REPORT_NAME)) {
    throw new SettingsError(
      `A stack of a fleet can't be named ${REPORT_NAME}, because the fleet's report has that name in the report folder. Rename the stack with \`pulumi stack rename\``,
    );
  }
  return names.sort();
}

/** Choice among the stacks. */
export interface StackSelection {
  /** Globs with `*` and `?`. A stack has to match one of them. Default: all stacks. */
  only?: string[] | undefined;
  /** Part of the selected stacks. Default: all of them. */
  part?: Part | undefined;
}

/**
 * Returns the selected stacks. A part may be empty.
 *
 * @throws SettingsError if there are no stacks, or if a glob matches none.
 */
export function selectStacks(
  { folder, stacks }: Pick<FleetProject, "folder" | "stacks">,
  { only, part }: StackSelection,
): string[] {
  if (stacks.length === 0) {
    throw new SettingsError(
      `There is no customer in ${folder}: each has a file Pulumi.NAME.yaml. Create one with \`pulumi config set aws:region REGION --stack NAME\``,
    );
  }
  const globs = only?.map((glob) => ({ glob, pattern: patternOf(glob) }));
  const useless = globs?.find(({ pattern }) => !stacks.some((stack) => pattern.test(stack)));
  if (useless !== undefined) {
    throw new SettingsError(
      `--only ${useless.glob} matches none of ${counted(stacks.length, "stack")} in ${folder}. Run \`amplitude-kinesis fleet status\` to list them`,
    );
  }
  return stacks
    .filter((stack) => globs?.some(({ pattern }) => pattern.test(stack)) ?? true)
    .filter((stack) => part === undefined || partIndexOf(stack, part.count) === part.index);
}

function patternOf(glob: string): RegExp {
  const pattern = glob
    .replace(/[^\w*?]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`);
}

/** State of a customer's stack: null for what it has never had. */
export interface StackStatus
  extends Pick<CustomerResult, "stack" | "accountId" | "region" | "outputs" | "verdict" | "verifiedAt"> {
  /** End of the last update in ISO 8601, UTC; its start while it runs. Null if there was none. */
  lastUpdate: string | null;
  /** Kind of the last update, such as `update` or `destroy`; null if there was none. */
  kind: string | null;
  /** Result of the last update, such as `succeeded`, `failed` or `in-progress`; null if there was none. */
  result: string | null;
  /** Problem with reading the stack, in one line; null if there is none. */
  problem: string | null;
}

/** Returns the state of a stack that can't be looked up. */
export function unknownStatus(stack: string, error: unknown): StackStatus {
  return { stack, ...NOTHING_KNOWN, problem: oneLine(messageOf(error)) };
}

const NOTHING_KNOWN = {
  lastUpdate: null,
  kind: null,
  result: null,
  accountId: null,
  region: null,
  outputs: null,
  verdict: null,
  verifiedAt: null,
};

/** How to look up a stack. */
export interface StatusOptions {
  /** Folder of the project. */
  folder: string;
  /** Name by which Pulumi finds the stack. */
  reference: string;
  /** Folder of the results. */
  results: string;
  /** Reads the outputs of a stack. Rejects if it has none. */
  readOutputs: (reference: string) => Promise<StackOutputs>;
}

/**
 * Returns the state of a stack: by one command of Pulumi, and a second one for the outputs, unless a result of `fleet`
 * after the last update has them.
 *
 * @throws Error of Pulumi's command. A stack that does not exist has no update.
 */
export async function stackStatus(stack: string, options: StatusOptions): Promise<StackStatus> {
  const { folder, reference, results, readOutputs } = options;
  const problems: string[] = [];
  const note = (error: unknown): undefined => {
    problems.push(oneLine(messageOf(error)));
  };
  const [last, result] = await Promise.all([
    lastUpdate(folder, reference),
    readResult(results, stack).catch(note),
  ]);
  const known = isAfter(result, last?.lastUpdate) ? result?.outputs : undefined;
  // A stack that was destroyed, or whose first update failed, has no outputs.
  const hasOutputs = last?.result === "succeeded" && last.kind !== "destroy";
  const read = () => readOutputs(reference).then(namesOf, (error) => (hasOutputs ? note(error) : undefined));
  const outputs = (last === null ? undefined : (known ?? (await read()))) ?? null;
  return {
    stack,
    ...NOTHING_KNOWN,
    ...last,
    ...(outputs && { accountId: accountOf(outputs.roleArn), region: outputs.region, outputs }),
    ...lastVerification(result),
    problem: problems.length === 0 ? null : problems.join("; "),
  };
}

/** Whether a result ended after the last update, which is dated to the second. */
function isAfter(result: CustomerResult | undefined, lastUpdate: string | null | undefined): boolean {
  const { startedAt = null, durationInSeconds = 0 } = result ?? {};
  if (startedAt === null || typeof lastUpdate !== "string") return false;
  return Date.parse(startedAt) + durationInSeconds * 1000 > Date.parse(lastUpdate) + 1000;
}

async function lastUpdate(folder: string, reference: string) {
  let json: string;
  try {
    json = await pulumiIn(folder, ["stack", "history", "--json", "--page-size", "1", "--stack", reference]);
  } catch (error) {
    if (/no stack named/.test(String(error))) return null;
    throw error;
  }
  const history: unknown = JSON.parse(json || "[]");
  const [update] = Array.isArray(history) ? history : [];
  if (!isObject(update)) return null;
  const { startTime, endTime, kind, result } = update as Record<string, string | undefined>;
  const at = new Date(endTime ?? startTime ?? Number.NaN);
  return {
    lastUpdate: Number.isNaN(at.getTime()) ? null : at.toISOString(),
    kind: kind ?? null,
    result: result ?? null,
  };
}
