import { randomBytes } from "node:crypto";

const PREFIX = "amplitude-kinesis";
/** About the size of a partition key of a run. */
export const KEY_BYTES = 40;

/** Partition keys of the events of one run. They are unique, and spread over all shards. */
export interface RunKey {
  readonly runId: string;
  /** Returns `amplitude-kinesis.RUN.INDEX`, at most 48 characters. */
  partitionKey(index: number): string;
  /** Returns the number of the event in a record of this run, or undefined for any other record. */
  indexOf(partitionKey: string | undefined): number | undefined;
}

export function newRunKey(random: () => Buffer = () => randomBytes(9)): RunKey {
  return runKeyOf(random().toString("base64url"));
}

/** Returns the key of a run with this id, such as a resumed one. */
export function runKeyOf(runId: string): RunKey {
  const start = `${PREFIX}.${runId}.`;
  return {
    runId,
    partitionKey: (index) => `${start}${index}`,
    indexOf: (partitionKey) => {
      if (!partitionKey?.startsWith(start)) return undefined;
      return indexIn(partitionKey, start.length);
    },
  };
}

const [ZERO, NINE] = [0x30, 0x39];
const MAX_DIGITS = 15;

/**
 * Parses the text from `from` on as an integer without leading zeros. Returns undefined for other text. This runs for every
 * record that is read, and a loop is cheaper than a regular expression and a copy of the digits.
 */
function indexIn(text: string, from: number): number | undefined {
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
