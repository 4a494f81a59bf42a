import { randomBytes } from "node:crypto";

const PREFIX = "amplitude-kinesis";
/** About the size of a partition key of a run. */
export const KEY_BYTES = 40;

/** Names the events of one run by their partition keys: unique ones, which spread over all shards. */
export interface RunKey {
  readonly runId: string;
  /** `amplitude-kinesis.RUN.INDEX`: at most 48 characters. */
  partitionKey(index: number): string;
  /** The number of the event that a record of this run carries; undefined for a record of anyone else. */
  indexOf(partitionKey: string | undefined): number | undefined;
}

export function newRunKey(random: () => Buffer = () => randomBytes(9)): RunKey {
  return runKeyOf(random().toString("base64url"));
}

/** Of a run that has begun already. */
export function runKeyOf(runId: string): RunKey {
  const start = `${PREFIX}.${runId}.`;
  return {
    runId,
    partitionKey: (index) => `${start}${index}`,
    indexOf: (partitionKey) => {
      if (!partitionKey?.startsWith(start)) return undefined;
      const digits = partitionKey.slice(start.length);
      return /^(0|[1-9]\d{0,14})$/.test(digits) ? Number(digits) : undefined;
    },
  };
}

/** Whether a record is of some run of this package, by its partition key. */
export function isOfRun(partitionKey: string | undefined): boolean {
  return partitionKey !== undefined && OF_RUN.test(partitionKey);
}

const OF_RUN = new RegExp(`^${PREFIX}\\.[\\w-]{12}\\.\\d{1,15}$`);
