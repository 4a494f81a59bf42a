import { awsError, describeError } from "../aws/errors";
import { type Finding, finding } from "../common/findings";
import { DOCUMENTED_P95_SECONDS } from "../common/limits";
import type { StackOutputs } from "../common/outputs";
import { counted } from "../common/text";
import { readingRemedy } from "../deployment/inspection";
import { createAgain } from "../deployment/stream";
import type { StreamUnreadable } from "../kinesis/streamReader";
import type { WatchUntil } from "./options";
import type { ForeignKind } from "./snapshot";
import type { Observed } from "./streamObserver";

/**
 * Why a watch ended: `events` and `seconds` are those of `until`, `signal` is the caller's, `project` a row from an
 * unexpected project, `unreadable` a stream that can't be read.
 */
export type WatchEnd = "events" | "seconds" | "signal" | "project" | "unreadable";

/** A watch that ended. */
export interface EndedWatch {
  observed: Observed;
  end: WatchEnd;
  until: WatchUntil;
  expectApps: readonly string[];
  /** Whether everything was read that had arrived by the end. */
  readingComplete: boolean;
  /** The stream's ARN. */
  where: string;
}

/** Returns the findings about what arrived, or didn't. */
export function watchFindings(watch: EndedWatch): Finding[] {
  const { observed, end } = watch;
  const findings: (Finding | undefined)[] = [
    observed.eventsUnexpected > 0 ? unexpectedProject(watch) : undefined,
    // A stream that can't be read has its own finding.
    observed.events === 0 && end !== "unreadable" ? nothingArrived(watch) : undefined,
    unknownProject(watch),
    end === "seconds" && observed.events > 0 ? tooFewRows(watch) : undefined,
    isInterrupted(watch) ? interrupted(watch) : undefined,
    observed.eventsDeviating > 0 ? deviations(watch) : undefined,
    foreignCount(observed) > 0 ? foreignRecords(watch) : undefined,
    hiddenFromGuard(watch),
    (observed.latencyInSeconds?.p95 ?? 0) > DOCUMENTED_P95_SECONDS ? slowDelivery(watch) : undefined,
  ];
  return findings.filter((each) => each !== undefined);
}

function unexpectedProject({ observed, expectApps, where }: EndedWatch): Finding {
  const others = observed.projects
    .filter(({ app, expected }) => app !== null && expected === false)
    .map(({ app, count }) => `${app} (${count})`);
  const count = observed.eventsUnexpected;
  return finding.error(
    "unexpected-app",
    where,
    `${counted(count, "row")} came from Amplitude projects other than ${expectApps.join(", ")}: ${others.slice(0, 5).join(", ")}`,
    "If the project is yours, add it to --expect-app. Otherwise another Amplitude customer uses this role: rename the role with `pulumi up --replace '**aws:iam/role:Role**'`, which doesn't change the stream, enter the new ARN in Amplitude, and make consumers drop rows of other projects",
  );
}

function nothingArrived({ observed, end, readingComplete, where }: EndedWatch): Finding {
  const { ofTests, cohortMessages } = observed.records;
  const foreign = foreignCount(observed);
  const isParsed = observed.records.foreign["too-large"] === undefined;
  const others = [
    ...(ofTests > 0 ? [`${counted(ofTests, "record")} of verify or send (--include-tests counts them)`] : []),
    ...(cohortMessages > 0 ? [`${counted(cohortMessages, "message")} about cohorts`] : []),
    ...(foreign > 0 ? [`${counted(foreign, "foreign record")}`] : []),
  ];
  const severity = end === "seconds" && readingComplete && isParsed ? "error" : "undetermined";
  return finding[severity](
    "nothing-arrived",
    where,
    `No event of Amplitude arrived${others.length === 0 ? "" : `, only ${others.join(" and ")}`}${readingComplete ? "" : "; the stream was not read to its end"}`,
    "In Amplitude, check that the destination is enabled and saved, that its role ARN, region and stream name equal `pulumi stack output`, and that its event filter lets events through. Amplitude sends only events after the destination was enabled, usually within a minute, or up to 4 hours later after failures. Run `npx amplitude-kinesis verify` to check the stream and the role",
  );
}

function unknownProject({ observed, expectApps, where }: EndedWatch): Finding | undefined {
  const rows = observed.projects.find(({ app }) => app === null)?.count ?? 0;
  const records = observed.records.foreign["too-large"] ?? 0;
  if (expectApps.length === 0 || rows + records === 0) return undefined;
  const unknown = [
    ...(rows > 0 ? [`${counted(rows, "row")} without \`app\``] : []),
    ...(records > 0 ? [`${counted(records, "record")} too large to be parsed`] : []),
  ];
  return finding.undetermined(
    "app-unknown",
    where,
    `${unknown.join(" and ")} arrived, so their project is unknown`,
    "Look at such a record. If Amplitude sends rows without `app`, leave --expect-app out, because it can't judge them",
  );
}

function tooFewRows({ observed, until, where }: EndedWatch): Finding | undefined {
  if (until.events === undefined || observed.eventsExpected >= until.events) return undefined;
  return finding.undetermined(
    "too-few-events",
    where,
    `${observed.eventsExpected} of ${counted(until.events, "row")} arrived in ${until.seconds} s`,
    "Watch for longer, or for fewer rows",
  );
}

/** Whether the signal came before the requested end. Without a requested end, the signal is the way to end a watch. */
function isInterrupted({ end, until, observed }: EndedWatch): boolean {
  const hasEnd = until.events !== undefined || until.seconds !== undefined;
  return end === "signal" && hasEnd && observed.eventsUnexpected === 0;
}

function interrupted({ observed }: EndedWatch): Finding {
  return finding.undetermined(
    "interrupted",
    "this watch",
    `The watch was interrupted after ${counted(observed.events, "row")}, before its requested end`,
    "Run it again and let it end",
  );
}

function deviations({ observed, where }: EndedWatch): Finding {
  const count = observed.eventsDeviating;
  const ways = observed.deviations
    .slice(0, 3)
    .map(({ field, problem, count }) => `${field} ${problem} (${count})`);
  return finding.warning(
    "shape-deviates",
    where,
    `${counted(count, "event differs", "events differ")} from Amplitude's documentation: ${ways.join("; ")}`,
    "Make consumers accept such events too, because Amplitude can change their shape",
  );
}

const FOREIGN: Record<ForeignKind, string> = {
  gzip: "gzip data",
  aggregated: "damaged aggregates of the Kinesis Producer Library",
  "not-utf8": "not UTF-8",
  "not-json": "not JSON",
  "not-objects": "JSON without objects",
  "too-large": "too large to be parsed (4 MiB, or 250,000 values)",
  "not-amplitude": "objects that aren't rows of Amplitude",
};

/** Describes the foreign records, the most common first: `3 not JSON, 1 gzip data`. */
export function describeForeign({ records }: Pick<Observed, "records">): string {
  return Object.entries(records.foreign)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${FOREIGN[kind as ForeignKind]}`)
    .join(", ");
}

function foreignCount({ records }: Observed): number {
  return Object.values(records.foreign).reduce((sum, count) => sum + count, 0);
}

function foreignRecords({ observed, where }: EndedWatch): Finding {
  return finding.warning(
    "foreign-records",
    where,
    `The stream holds records that aren't from Amplitude: ${describeForeign(observed)}`,
    "Find the other producer, or make consumers ignore its records",
  );
}

/** The guard's filter matches a record that is one event as JSON. Whether it matches a list is undocumented. */
function hiddenFromGuard({ observed: { framings, records }, where }: EndedWatch): Finding | undefined {
  const hidden = [
    ...(framings.list > 0 ? [`${counted(framings.list, "row")} in lists`] : []),
    ...(framings.lines > 0 ? [`${counted(framings.lines, "row")} one per line`] : []),
    ...(records.aggregated > 0 ? [`${counted(records.aggregated, "aggregated record")}`] : []),
  ];
  if (hidden.length === 0) return undefined;
  return finding.warning(
    "guard-blind",
    where,
    `The stream has ${hidden.join(", ")}: the component's guard sees only records that are one event as JSON`,
    "Don't rely on the guard for this stream. Run `npx amplitude-kinesis watch --expect-app ID` regularly, and make consumers drop rows of other projects",
  );
}

function slowDelivery({ observed, where }: EndedWatch): Finding {
  return finding.warning(
    "latency-above-documented",
    where,
    `95 percent of the rows arrived within ${observed.latencyInSeconds?.p95} s after Amplitude received them; it documents ${DOCUMENTED_P95_SECONDS} s`,
    "Check whether the stream is throttled (metric WriteProvisionedThroughputExceeded), because retried rows arrive late. Otherwise ask Amplitude",
  );
}

/** Returns the finding about a stream, or a shard of it, that can't be read any more. */
export function unreadableStream(
  { message, cause }: StreamUnreadable,
  where: string,
  outputs: StackOutputs,
): Finding {
  const { code } = awsError(cause);
  const reason = `${message}: ${describeError(cause)}`;
  // A stream that is being deleted is in use at first, and not found later.
  if (code === "ResourceNotFoundException" || code === "ResourceInUseException") {
    return finding.error(
      code === "ResourceNotFoundException" ? "stream-not-found" : "stream-not-active",
      where,
      `The stream is gone or being deleted: ${reason}`,
      `If the stream was deleted: ${createAgain(outputs)}. Then watch again`,
    );
  }
  return finding.undetermined(
    "stream-not-readable",
    where,
    `The stream can't be read: ${reason}`,
    `${readingRemedy(cause)}. Use --from TIME to resume where this watch ended`,
  );
}
