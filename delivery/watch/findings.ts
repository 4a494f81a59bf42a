import { awsError, describeError } from "../aws/errors";
import { type Finding, finding, present } from "../common/findings";
import { DOCUMENTED_P95_SECONDS } from "../common/limits";
import type { StackOutputs } from "../common/outputs";
import { counted } from "../common/text";
import { readingRemedy } from "../deployment/inspection";
import { createAgain } from "../deployment/stream";
import type { StreamUnreadable } from "../kinesis/streamReader";
import { describeForeign, foreignCount } from "./snapshot";
import type { Observed } from "./streamObserver";

/** End of a watch: whichever comes first. */
export interface WatchUntil {
  /** Number of rows of expected projects, without duplicates. An integer from 1. */
  events?: number | undefined;
  /** Time after the shards are first read. Above 0. */
  seconds?: number | undefined;
}

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
  return present([
    unexpectedProject(watch),
    nothingArrived(watch),
    unknownProject(watch),
    tooFewRows(watch),
    interrupted(watch),
    ...warnings(watch),
  ]);
}

/** Returns the counts above 0 in words. */
function listCounts(...counts: [count: number, noun: string, rest?: string][]): string[] {
  return counts.filter(([count]) => count > 0).map(([count, noun, rest = ""]) => counted(count, noun) + rest);
}

function unexpectedProject({ observed, expectApps, where }: EndedWatch): Finding | false {
  if (observed.eventsUnexpected === 0) return false;
  const others = observed.projects
    .filter(({ app, expected }) => app !== null && expected === false)
    .map(({ app, count }) => `${app} (${count})`);
  return finding.error(
    "unexpected-app",
    where,
    `${counted(observed.eventsUnexpected, "row")} came from Amplitude projects other than ${expectApps.join(", ")}: ${others.slice(0, 5).join(", ")}`,
    "If the project is yours, add it to --expect-app. Otherwise another Amplitude customer uses this role: rename the role with `pulumi up --replace '**aws:iam/role:Role**'`, which doesn't change the stream, enter the new ARN in Amplitude, and make consumers drop rows of other projects",
  );
}

function nothingArrived({ observed, end, readingComplete, where }: EndedWatch): Finding | false {
  // A stream that can't be read has its own finding.
  if (observed.events > 0 || end === "unreadable") return false;
  const { ofTests, cohortMessages, foreign } = observed.records;
  const others = listCounts(
    [ofTests, "record", " of verify or send (--include-tests counts them)"],
    [cohortMessages, "message", " about cohorts"],
    [foreignCount(observed), "foreign record"],
  );
  const isParsed = foreign["too-large"] === undefined;
  const severity = end === "seconds" && readingComplete && isParsed ? "error" : "undetermined";
  return finding[severity](
    "nothing-arrived",
    where,
    `No event of Amplitude arrived${others.length === 0 ? "" : `, only ${others.join(" and ")}`}${readingComplete ? "" : "; the stream was not read to its end"}`,
    "In Amplitude, check that the destination is enabled and saved, that its role ARN, region and stream name equal `pulumi stack output`, and that its event filter lets events through. Amplitude sends only events after the destination was enabled, usually within a minute, or up to 4 hours later after failures. Run `npx amplitude-kinesis verify` to check the stream and the role",
  );
}

function unknownProject({ observed, expectApps, where }: EndedWatch): Finding | false {
  const unknown = listCounts(
    [observed.projects.find(({ app }) => app === null)?.count ?? 0, "row", " without `app`"],
    [observed.records.foreign["too-large"] ?? 0, "record", " too large to be parsed"],
  );
  if (expectApps.length === 0 || unknown.length === 0) return false;
  return finding.undetermined(
    "app-unknown",
    where,
    `${unknown.join(" and ")} arrived, so their project is unknown`,
    "Look at such a record. If Amplitude sends rows without `app`, leave --expect-app out, because it can't judge them",
  );
}

function tooFewRows({ observed, end, until, where }: EndedWatch): Finding | false {
  if (end !== "seconds" || observed.events === 0) return false;
  if (until.events === undefined || observed.eventsExpected >= until.events) return false;
  return finding.undetermined(
    "too-few-events",
    where,
    `${observed.eventsExpected} of ${counted(until.events, "row")} arrived in ${until.seconds} s`,
    "Watch for longer, or for fewer rows",
  );
}

/** Without a requested end, the signal is the way to end a watch. */
function interrupted({ end, until, observed }: EndedWatch): Finding | false {
  const hasEnd = until.events !== undefined || until.seconds !== undefined;
  if (end !== "signal" || !hasEnd || observed.eventsUnexpected > 0) return false;
  return finding.undetermined(
    "interrupted",
    "this watch",
    `The watch was interrupted after ${counted(observed.events, "row")}, before its requested end`,
    "Run it again and let it end",
  );
}

function warnings({ observed, where }: EndedWatch): (Finding | false)[] {
  const { eventsDeviating, framings, records } = observed;
  const p95 = observed.latencyInSeconds?.p95 ?? 0;
  const ways = observed.deviations
    .slice(0, 3)
    .map(({ field, problem, count }) => `${field} ${problem} (${count})`);
  // The guard's filter matches a record that is one event as JSON. Whether it matches a list is undocumented.
  const hidden = listCounts(
    [framings.list, "row", " in lists"],
    [framings.lines, "row", " one per line"],
    [records.aggregated, "aggregated record"],
  );
  return [
    eventsDeviating > 0 &&
      finding.warning(
        "shape-deviates",
        where,
        `${counted(eventsDeviating, "event differs", "events differ")} from Amplitude's documentation: ${ways.join("; ")}`,
        "Make consumers accept such events too, because Amplitude can change their shape",
      ),
    foreignCount(observed) > 0 &&
      finding.warning(
        "foreign-records",
        where,
        `The stream holds records that aren't from Amplitude: ${describeForeign(observed)}`,
        "Find the other producer, or make consumers ignore its records",
      ),
    hidden.length > 0 &&
      finding.warning(
        "guard-blind",
        where,
        `The stream has ${hidden.join(", ")}: the component's guard sees only records that are one event as JSON`,
        "Don't rely on the guard for this stream. Run `npx amplitude-kinesis watch --expect-app ID` regularly, and make consumers drop rows of other projects",
      ),
    p95 > DOCUMENTED_P95_SECONDS &&
      finding.warning(
        "latency-above-documented",
        where,
        `95 percent of the rows arrived within ${p95} s after Amplitude received them; it documents ${DOCUMENTED_P95_SECONDS} s`,
        "Check whether the stream is throttled (metric WriteProvisionedThroughputExceeded), because retried rows arrive late. Otherwise ask Amplitude",
      ),
  ];
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
