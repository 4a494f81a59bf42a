import { createHash } from "node:crypto";
import { SettingsError } from "./errors";
import { type Finding, finding, listed, present } from "./findings";
import { counted } from "./text";
import { mostFrequent, unique } from "./values";

/** One of several parts that work is divided into. */
export interface Part {
  /** 0 to `count` - 1. People write it from 1: index 0 of 4 is `1/4`. */
  index: number;
  /** Number of parts, from 1 to 10,000. */
  count: number;
}

/** Largest array job of AWS Batch. Source: AWS Batch, "Array jobs". */
export const MAX_PARTS = 10_000;

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
  const first = environment[index] ?? "";
  const second = environment[count] ?? "";
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

/** Report of one or several parts of a run. */
export interface PartReport<Report> {
  report: Report;
  /** File or folder of the report, for findings. */
  where: string;
  /** Parts that it covers; one, `1/1`, for a run that was not divided. */
  parts: Part[];
  /** Description of the run, the same for all of its parts, such as `run build-7 of up`. */
  run: string;
  /** Start in ISO 8601, UTC. */
  startedAt: string;
}

/**
 * Returns each finding of the parts once, in order.
 *
 * @param describe Returns which parts have a finding, for its message, or "" to leave the message as it is.
 */
export function mergeFindings(
  reports: readonly { part: Part; findings: readonly Finding[] }[],
  describe: (parts: readonly Part[]) => string,
): Finding[] {
  const partsOf = new Map<string, Set<Part>>();
  for (const { part, findings } of reports)
    for (const key of findings.map((each) => JSON.stringify(each)))
      partsOf.set(key, (partsOf.get(key) ?? new Set()).add(part));
  return [...partsOf].map(([key, parts]) => {
    const merged = JSON.parse(key) as Finding;
    const which = describe([...parts]);
    return which === "" ? merged : { ...merged, message: `${merged.message} (${which})` };
  });
}

/**
 * Returns the reports that make up one run, at most one per part: of the run that most reports belong to, and of two
 * reports of a part, the one that started later. The findings name each report that is left out, and each part that is
 * missing. All of them are `undetermined`.
 */
export function selectParts<Report>(reports: PartReport<Report>[]): {
  selected: PartReport<Report>[];
  findings: Finding[];
} {
  const keyOf = ({ run, parts: [part] }: PartReport<Report>) =>
    `${run}, ${counted(part?.count ?? 1, "part")}`;
  const key = mostFrequent(reports.map(keyOf)) ?? "";
  const own = reports.filter((each) => keyOf(each) === key);
  const foreign = reports
    .filter((each) => keyOf(each) !== key)
    .map((each) =>
      finding.undetermined(
        "part-of-another-run",
        each.where,
        `The report is of ${keyOf(each)}, but most others are of ${key}. It is left out`,
        "Merge the reports of one run at a time",
      ),
    );
  const latestFirst = [...own].sort((one, other) => Date.parse(other.startedAt) - Date.parse(one.startedAt));
  const byIndex = new Map<number, PartReport<Report>>();
  const doubles = latestFirst.flatMap((each) => {
    const double = each.parts.find(({ index }) => byIndex.has(index));
    if (double === undefined) {
      for (const { index } of each.parts) byIndex.set(index, each);
      return [];
    }
    const counting = byIndex.get(double.index);
    const when = counting?.startedAt === each.startedAt ? "at the same time" : "later";
    return finding.undetermined(
      "part-duplicated",
      each.where,
      `Part ${partText(double)} is also in ${counting?.where}, which started ${when}. This report is left out`,
      "Leave one of the two out, if the other one has the result that counts",
    );
  });
  const count = own[0]?.parts[0]?.count ?? 0;
  const all = Array.from({ length: count }, (_, index) => ({ index, count }));
  const missing = all.filter(({ index }) => !byIndex.has(index));
  const gap =
    missing.length > 0 &&
    finding.undetermined(
      "part-missing",
      key,
      `No report covers ${missing.length === 1 ? "part" : "parts"} ${listed(missing.map(partText))}`,
      "Run each missing part again with the same `--run`, and merge again",
    );
  return { selected: unique([...byIndex.values()]), findings: [...foreign, ...doubles, ...present([gap])] };
}
