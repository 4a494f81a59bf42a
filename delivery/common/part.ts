import { createHash } from "node:crypto";
import { SettingsError } from "./errors";

/** One of several parts that work is divided into. */
export interface Part {
  /** 0 to `count` - 1. People write it from 1: index 0 of 4 is `1/4`. */
  index: number;
  /** Number of parts, from 1 to 10,000. */
  count: number;
}

/** Largest array job of AWS Batch. Source: AWS Batch, "Array jobs". */
const MAX_PARTS = 10_000;

interface Scheduler {
  name: string;
  index: string;
  count: string;
  /** Next step if the scheduler sets the index but not the count. */
  remedy: string;
}

/**
 * Both schedulers count from 0. Kubernetes sets only the index, so the manifest has to pass the number of completions.
 * Sources: Kubernetes, "Indexed Job for Parallel Processing with Static Work Assignment"; AWS Batch, "AWS Batch job
 * environment variables".
 */
const SCHEDULERS: Scheduler[] = [
  {
    name: "a Kubernetes Indexed Job",
    index: "JOB_COMPLETION_INDEX",
    count: "JOB_COMPLETIONS",
    remedy:
      "Kubernetes doesn't set it: add it to the container's env, with the value of the Job's spec.completions",
  },
  {
    name: "an AWS Batch array job",
    index: "AWS_BATCH_JOB_ARRAY_INDEX",
    count: "AWS_BATCH_JOB_ARRAY_SIZE",
    remedy: "Submit the job with arrayProperties.size",
  },
];

/**
 * Parses `I/N`, with I from 1 to N, or `auto`, which takes the part from the environment of a Kubernetes Indexed Job
 * (`JOB_COMPLETION_INDEX`, `JOB_COMPLETIONS`) or of an AWS Batch array job (`AWS_BATCH_JOB_ARRAY_INDEX`,
 * `AWS_BATCH_JOB_ARRAY_SIZE`).
 *
 * @throws SettingsError if it isn't a part, or if the environment doesn't name exactly one.
 */
export function parsePart(text: string, environment: NodeJS.ProcessEnv): Part {
  if (text === "auto") return partFromEnvironment(environment);
  const [, number = "", parts = ""] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
  const part = { index: Number(number) - 1, count: Number(parts) };
  if (number !== "" && exists(part)) return part;
  throw new SettingsError(
    `It must be I/N, such as 2/4 for the second of four parts, with I from 1 to N and N up to ${MAX_PARTS}, or auto.`,
  );
}

function partFromEnvironment(environment: NodeJS.ProcessEnv): Part {
  const isSet = (name: string) => (environment[name] ?? "") !== "";
  const present = SCHEDULERS.filter(({ index, count }) => isSet(index) || isSet(count));
  const [scheduler, other] = present;
  if (scheduler === undefined) {
    const known = SCHEDULERS.map(({ name, index, count }) => `${name} (${index} and ${count})`);
    throw new SettingsError(
      `The environment names no part. auto needs the variables of ${known.join(" or ")}; elsewhere, write I/N.`,
    );
  }
  if (other !== undefined) {
    const names = present.flatMap(({ index, count }) => [index, count].filter(isSet));
    throw new SettingsError(
      `The environment names parts of ${scheduler.name} and of ${other.name}: ${names.join(", ")}. Unset those of one, or write I/N.`,
    );
  }
  const { index, count, remedy } = scheduler;
  if (!isSet(count)) throw new SettingsError(`${index} is set, but ${count} isn't. ${remedy}.`);
  if (!isSet(index)) {
    throw new SettingsError(
      `${count} is set, but ${index} isn't, so this is not one of ${scheduler.name}'s parts. Write I/N.`,
    );
  }
  const [first = "", second = ""] = [environment[index], environment[count]];
  const part = { index: Number(first), count: Number(second) };
  if (/^\d{1,5}$/.test(first) && /^\d{1,5}$/.test(second) && exists(part)) return part;
  throw new SettingsError(
    `${index} is ${JSON.stringify(first)} and ${count} is ${JSON.stringify(second)}, which is not a part: the index must be from 0 to the count minus 1, and the count from 1 to ${MAX_PARTS}.`,
  );
}

function exists({ index, count }: Part): boolean {
  return index >= 0 && index < count && count <= MAX_PARTS;
}

/** Returns a part as people write it, such as `1/4`. */
export function partText({ index, count }: Part): string {
  return `${index + 1}/${count}`;
}

/**
 * Returns the index of the part that a name belongs to, whatever other names there are: the first 32 bits of the SHA-256
 * of the name in UTF-8, modulo the number of parts. `printf acme | sha256sum | head -c 8` prints these bits.
 */
export function partIndexOf(name: string, count: number): number {
  return createHash("sha256").update(name, "utf8").digest().readUInt32BE(0) % count;
}
