import { accountOf } from "../common/arn";
import { messageOf } from "../common/errors";
import type { Verdict } from "../common/findings";
import { namesOf, type StackOutputs } from "../common/outputs";
import { isObject } from "../common/values";
import { oneLine } from "./causes";
import { pulumi } from "./pulumi";
import type { CustomerResult } from "./report";
import { lastVerification, readResult } from "./results";

/** State of a customer's stack. */
export interface StackStatus {
  /** Name of the stack, which names the customer. */
  stack: string;
  /** AWS account of the role; null without outputs. */
  accountId: string | null;
  /** Region of the stream; null without outputs. */
  region: string | null;
  /** End of the last update in ISO 8601, UTC; its start while it runs. Null if there was none. */
  lastUpdate: string | null;
  /** Kind of the last update, such as `update` or `destroy`; null if there was none. */
  kind: string | null;
  /** Result of the last update, such as `succeeded`, `failed` or `in-progress`; null if there was none. */
  result: string | null;
  /** The stack's three outputs; null if it has none. */
  outputs: Pick<StackOutputs, "roleArn" | "region" | "streamName"> | null;
  /** Verdict of the last verification by `fleet`; null if there was none. */
  verdict: Verdict | null;
  /** End of that verification in ISO 8601, UTC; null if there was none. */
  verifiedAt: string | null;
  /** Problem with reading the stack, in one line; null if there is none. */
  problem: string | null;
}

/** Returns the state of a stack that can't be looked up. */
export function unknownStatus(stack: string, error: unknown): StackStatus {
  return { stack, ...NEVER_UPDATED, ...UNDEPLOYED, ...UNVERIFIED, problem: oneLine(messageOf(error)) };
}

const NEVER_UPDATED = { lastUpdate: null, kind: null, result: null };
const UNDEPLOYED = { accountId: null, region: null, outputs: null };
const UNVERIFIED = { verdict: null, verifiedAt: null };

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
    ...(last ?? NEVER_UPDATED),
    ...(outputs === null
      ? UNDEPLOYED
      : { accountId: accountOf(outputs.roleArn) ?? null, region: outputs.region, outputs }),
    ...(lastVerification(result) ?? UNVERIFIED),
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
    json = await pulumi(["stack", "history", "--json", "--page-size", "1", "--stack", reference], folder);
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
