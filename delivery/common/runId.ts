import { createHash, randomBytes } from "node:crypto";
import { SettingsError } from "./errors";
import type { Part } from "./part";

const PREFIX = "amplitude-kinesis";
/** About the size of a partition key of a run. */
export const KEY_BYTES = 40;

/**
 * Partition keys of the events of one run, or of one part of it. They are unique, and spread over all shards. The parts take
 * turns with the numbers: those of part I of N leave the remainder I - 1 when they are divided by N.
 */
export interface RunKey {
  readonly runId: string;
  /** Returns the event's number in the whole run, from 0. */
  numberOf(index: number): number;
  /** Returns `amplitude-kinesis.RUN.NUMBER`, at most 48 characters. */
  partitionKey(index: number): string;
  /** Returns the index of the event in a record of this run and part, or undefined for any other record. */
  indexOf(partitionKey: string | undefined): number | undefined;
  /** Whether a record belongs to another part of this run. */
  isOfOtherPart(partitionKey: string | undefined): boolean;
}

export function newRunKey(random: () => Buffer = () => randomBytes(9)): RunKey {
  return runKeyOf(random().toString("base64url"));
}

/**
 * Returns the key of a run with this id, such as a resumed one.
 *
 * @param part Default: the whole run.
 */
export function runKeyOf(runId: string, part: Part = { index: 0, count: 1 }): RunKey {
  const start = `${PREFIX}.${runId}.`;
  const { index: first, count } = part;
  const numberIn = (partitionKey: string | undefined) =>
    partitionKey?.startsWith(start) ? integerIn(partitionKey, start.length) : undefined;
  return {
    runId,
    numberOf: (index) => index * count + first,
    partitionKey: (index) => `${start}${index * count + first}`,
    indexOf: (partitionKey) => {
      const number = numberIn(partitionKey);
      return number === undefined || number % count !== first ? undefined : (number - first) / count;
    },
    isOfOtherPart: (partitionKey) => {
      const number = numberIn(partitionKey);
      return number !== undefined && number % count !== first;
    },
  };
}

/** Returns the id of the run that a name stands for: the name itself if it is one, otherwise 12 characters of its hash. */
export function runIdFrom(name: string): string {
  return RUN_ID.test(name) ? name : createHash("sha256").update(name).digest("base64url").slice(0, 12);
}

export const RUN_ID = /^[\w-]{12}$/;

/**
 * Returns the key of a new run, or of a part of one.
 *
 * @throws SettingsError if the id is malformed, or if a part has none.
 */
export function startedRunKey({
  runId,
  part,
}: {
  runId?: string | undefined;
  part?: Part | undefined;
}): RunKey {
  if (runId === undefined && part === undefined) return newRunKey();
  if (runId !== undefined && RUN_ID.test(runId)) return runKeyOf(runId, part);
  throw new SettingsError(
    `runId is ${JSON.stringify(runId)}: give 12 letters, digits, "-" or "_", the same for all parts of the run`,
  );
}

const ZERO = 0x30;
const NINE = 0x39;
const MAX_DIGITS = 15;

/**
 * Parses the text from `from` on as an integer without leading zeros. Returns undefined for other text. This runs for every
 * record that is read, and a loop is cheaper than a regular expression and a copy of the digits.
 */
function integerIn(text: string, from: number): number | undefined {
  const digits = text.length - from;
  if (digits < 1 || digits > MAX_DIGITS) return undefined;
  if (digits > 1 && text.charCodeAt(from) === ZERO) return undefined;
  let index = 0;
  for (let place = from; place < text.length; place += 1) {
    const unit = text.charCodeAt(place);
    if (unit < ZERO || unit > NINE) return undefined;
    index = index * 10 + unit - ZERO;
  }
  return index;
}

/** Whether a partition key has the form of any run of this package. */
export function isOfRun(partitionKey: string | undefined): boolean {
  return partitionKey !== undefined && OF_RUN.test(partitionKey);
}

const OF_RUN = new RegExp(`^${PREFIX}\\.[\\w-]{12}\\.\\d{1,15}$`);
