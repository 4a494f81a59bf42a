import { awsError, describeError, isAccessDenied } from "../aws/errors";
import { type Finding, hasSeverity, type Verdict } from "../common/findings";
import { DOCUMENTED_P95_SECONDS } from "../common/limits";
import type { StreamUnreadable } from "../kinesis/streamReader";
import type { WatchUntil } from "./options";
import type { ForeignKind } from "./snapshot";
import type { Observed } from "./streamObserver";

/** What ended a watch: `signal` its caller, `project` a row that another project sent, `unreadable` the stream. */
export type WatchEnd = "events" | "seconds" | "signal" | "project" | "unreadable";

/** A watch that is over. */
export interface EndedWatch {
  observed: Observed;
  end: WatchEnd;
  until: WatchUntil;
  expectApps: readonly string[];
  /** Everything that had arrived by its end was read. */
  readingComplete: boolean;
  /** The stream's ARN. */
  where: string;
}

/** Nothing is decided by warnings. */
export function watchVerdict(findings: readonly Finding[]): Verdict {
  if (hasSeverity(findings, "error")) return "failed";
  return hasSeverity(findings, "undetermined") ? "undecided" : "verified";
}

/** What arrived, or did not, and what that means. */
export function watchFindings(watch: EndedWatch): Finding[] {
  const { observed, end } = watch;
  const findings: (Finding | undefined)[] = [
    observed.eventsUnexpected > 0 ? unexpectedProject(watch) : undefined,
    // What kept the stream from being read is a finding of its own.
    observed.events === 0 && end !== "unreadable" ? nothingArrived(watch) : undefined,
    projectUnknown(watch),
    end === "seconds" && observed.events > 0 ? tooFew(watch) : undefined,
    isCutShort(watch) ? cutShort(watch) : undefined,
    observed.eventsDeviating > 0 ? deviating(watch) : undefined,
    foreignCount(observed) > 0 ? foreign(watch) : undefined,
    (observed.latencyInSeconds?.p95 ?? 0) > DOCUMENTED_P95_SECONDS ? late(watch) : undefined,
  ];
  return findings.filter((finding) => finding !== undefined);
}

function unexpectedProject({ observed, expectApps, where }: EndedWatch): Finding {
  const others = observed.projects
    .filter(({ app, expected }) => app !== null && expected === false)
    .map(({ app, count }) => `${app} (${count})`);
  return {
    code: "unexpected-app",
    severity: "error",
    message: `${observed.eventsUnexpected} row(s) are of another Amplitude project than ${expectApps.join(", ")}: ${others.slice(0, 5).join(", ")}`,
    where,
    remedy:
      "Is it a project of your own? Add it to --expect-app. Otherwise somebody else has pointed their Amplitude at this role: give the role another random name (`pulumi up --replace '**aws:iam/role:Role**'`, which leaves the stream alone), enter the new ARN in Amplitude, and let consumers drop what is of other projects",
  };
}

function nothingArrived({ observed, end, readingComplete, where }: EndedWatch): Finding {
  const { ofTests } = observed.records;
  const others = foreignCount(observed);
  const besides = [
    ...(ofTests > 0 ? [`${ofTests} record(s) of verify or send (--include-tests counts them)`] : []),
    ...(others > 0 ? [`${others} of others`] : []),
  ];
  return {
    code: "nothing-arrived",
    severity: end === "seconds" && readingComplete ? "error" : "undetermined",
    message: `Nothing of Amplitude's arrived${besides.length === 0 ? "" : `, but ${besides.join(" and ")}`}${readingComplete ? "" : "; the stream was not read to its end"}`,
    where,
    remedy:
      "In Amplitude: is the destination enabled and saved, do its role ARN, region and stream name equal `pulumi stack output`, and does its event filter let events through? Only events after it was enabled are sent, usually within a minute, after failures for up to 4 hours. `amplitude-kinesis verify` shows whether the stream and the role are right",
  };
}

function projectUnknown({ observed, expectApps, where }: EndedWatch): Finding | undefined {
  const unknown = observed.projects.find(({ app }) => app === null)?.count ?? 0;
  if (expectApps.length === 0 || unknown === 0) return undefined;
  return {
    code: "app-unknown",
    severity: "undetermined",
    message: `${unknown} row(s) have no \`app\`: which project they are of is not known`,
    where,
    remedy: "Look at such a record: if Amplitude sends rows without `app`, --expect-app can't judge them",
  };
}

function tooFew({ observed, until, where }: EndedWatch): Finding | undefined {
  if (until.events === undefined || observed.eventsExpected >= until.events) return undefined;
  return {
    code: "too-few-events",
    severity: "undetermined",
    message: `${observed.eventsExpected} of ${until.events} rows arrived in ${until.seconds} s`,
    where,
    remedy: "Watch for longer, or for fewer",
  };
}

/** Without an end that was asked for, the signal is the way to end. */
function isCutShort({ end, until, observed }: EndedWatch): boolean {
  const isAsked = until.events !== undefined || until.seconds !== undefined;
  return end === "signal" && isAsked && observed.eventsUnexpected === 0;
}

function cutShort({ observed }: EndedWatch): Finding {
  return {
    code: "interrupted",
    severity: "undetermined",
    message: `The watch was interrupted after ${observed.events} row(s), before what was asked for`,
    where: "this watch",
    remedy: "Run it again and let it end",
  };
}

function deviating({ observed, where }: EndedWatch): Finding {
  const ways = observed.deviations
    .slice(0, 3)
    .map(({ field, problem, count }) => `${field} ${problem} (${count})`);
  return {
    code: "shape-deviates",
    severity: "warning",
    message: `${observed.eventsDeviating} event(s) are not as Amplitude documents them: ${ways.join("; ")}`,
    where,
    remedy: "Let consumers take such events too: the shape is Amplitude's to change",
  };
}

const FOREIGN: Record<ForeignKind, string> = {
  gzip: "gzip data",
  aggregated: "aggregated records of the Kinesis Producer Library",
  "not-utf8": "not UTF-8",
  "not-json": "not JSON",
  "not-objects": "JSON, but no objects",
  "not-amplitude": "objects that are none of Amplitude's rows",
};

/** In words, the commonest first: `3 not JSON, 1 gzip data`. */
export function foreignText({ records }: Pick<Observed, "records">): string {
  return Object.entries(records.foreign)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${FOREIGN[kind as ForeignKind]}`)
    .join(", ");
}

function foreignCount({ records }: Observed): number {
  return Object.values(records.foreign).reduce((sum, count) => sum + count, 0);
}

function foreign({ observed, where }: EndedWatch): Finding {
  return {
    code: "foreign-records",
    severity: "warning",
    message: `The stream holds what is not Amplitude's: ${foreignText(observed)}`,
    where,
    remedy: "Does another producer write to this stream? Consumers have to tell its records apart",
  };
}

function late({ observed, where }: EndedWatch): Finding {
  return {
    code: "latency-above-documented",
    severity: "warning",
    message: `95 percent of the rows arrived within ${observed.latencyInSeconds?.p95} s of Amplitude's receipt; it documents ${DOCUMENTED_P95_SECONDS} s`,
    where,
    remedy:
      "Rows that were retried come late: is the stream throttled (its metric WriteProvisionedThroughputExceeded)? Otherwise ask Amplitude",
  };
}

/** The stream, or a shard of it, can't be read any more. */
export function watchUnreadable({ message, cause }: StreamUnreadable, where: string): Finding {
  const { code } = awsError(cause);
  // A stream that is being deleted is in use at first, and not found later.
  if (code === "ResourceNotFoundException" || code === "ResourceInUseException") {
    return {
      code: code === "ResourceNotFoundException" ? "stream-not-found" : "stream-not-active",
      severity: "error",
      message: `The stream is gone, or going: ${message}: ${describeError(cause)}`,
      where,
      remedy: "Run `pulumi up --refresh` if the stream was deleted, and watch again",
    };
  }
  return {
    code: "stream-not-readable",
    severity: "undetermined",
    message: `The stream can't be read: ${message}: ${describeError(cause)}`,
    where,
    remedy:
      isAccessDenied(cause) || code === "KMSAccessDeniedException"
        ? "Give the person who runs this kinesis:ListShards, kinesis:GetShardIterator and kinesis:GetRecords on the stream (and kms:Decrypt on a customer's own key)"
        : "Check the network, the credentials' lifetime and the service's health; --from TIME goes on from where this one ended",
  };
}
