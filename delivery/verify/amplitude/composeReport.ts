import {
  type Finding,
  type FindingCode,
  finding,
  mostCommon,
  present,
  type Verdict,
} from "../../common/findings";
import { DOCUMENTED_P95_SECONDS } from "../../common/limits";
import { namesOf } from "../../common/outputs";
import { counted } from "../../common/text";
import type { Preflight } from "../../deployment/preflight";
import type { OpenDeployment } from "../../sending/deployment";
import { interrupted } from "../../sending/findings";
import { type Measurements, measured, unread } from "../composeReport";
import type { DeliveryReport, Proof } from "../report";
import { decideVerdict, type EventCounts } from "../verdict";
import type { AmplitudeCounts, AmplitudeRun, FieldCounts, RowCollector } from "./ledger";
import { ZONE_URLS } from "./options";

/** A run that is over, as far as its findings depend on it. */
export interface AmplitudeEnd extends Pick<AmplitudeRun, "settings" | "ledger"> {
  deployment: Pick<OpenDeployment, "outputs" | "streamArn" | "signal">;
  collector: Pick<
    RowCollector,
    "latency" | "unexpectedApps" | "recordsNotUnderstood" | "recordsForeignOfAmplitude" | "identifiesSeen"
  >;
  counts: AmplitudeCounts;
  /** Time that the run waited for events after Amplitude accepted the last one, in seconds. */
  waitedSeconds: number;
  /** Whether the stream was read up to the end of the wait, and twice if events were missing. */
  readingComplete: boolean;
}

/** A run that is over. */
export interface EndedRun extends AmplitudeRun, Measurements {
  deployment: OpenDeployment;
  collector: RowCollector;
  waitedSeconds: number;
  /** Findings of the run, besides those of the preflight and those about the events. */
  findings: Finding[];
}

/** Composes the report of a run, and its verdict. */
export function composeReport(run: EndedRun, before: Preflight, readingComplete: boolean): DeliveryReport {
  const { ledger, deployment, key } = run;
  const end: AmplitudeEnd = { ...run, counts: ledger.counts(), readingComplete };
  const events = countEvents(end);
  const findings = [
    ...withoutSettled(before.findings, ledger.seen),
    ...run.findings,
    ...amplitudeFindings(end),
    ...(deployment.signal.aborted ? [interrupted(ledger.sent)] : []),
  ];
  const verdict = decideVerdict(events, findings);
  return {
    reportVersion: 1,
    verdict,
    route: "amplitude",
    ...namesOf(deployment.outputs),
    runId: key.runId,
    part: null,
    resumable: false,
    resumedFrom: null,
    ...measured(run, ledger.sent, events),
    eventsAcknowledged: ledger.accepted,
    eventsSkipped: 0,
    filesSkipped: 0,
    // Only Amplitude sees when Kinesis acknowledges an event.
    acknowledgementInSeconds: null,
    acknowledgementHistogram: null,
    findings,
    proof: proofOf(end, verdict),
  };
}

/**
 * Counts the events by outcome. An accepted event that has not arrived counts as lost only if nothing arrives at all,
 * because Amplitude retries for four hours.
 */
function countEvents(end: AmplitudeEnd): EventCounts {
  const { counts, ledger } = end;
  const lost = isProvenSilent(end) ? counts.absent : 0;
  return {
    eventsDelivered: counts.delivered,
    eventsNotDelivered: counts.refused + lost,
    eventsRefused: counts.refused,
    eventsLost: lost,
    eventsUnanswered: 0,
    eventsCorrupted: counts.corrupted,
    eventsUnknown: counts.unanswered + counts.absent - lost,
    eventsDuplicated: ledger.duplicates,
    duplicatesUnexplained: ledger.unexplainedDuplicates,
    eventsSeenDespiteRefusal: ledger.seenDespiteRefusal,
  };
}

/** Returns what the run proves and what it can't prove. Only a verified run proves anything. */
function proofOf({ settings, ledger, collector }: AmplitudeEnd, verdict: Verdict): Proof {
  const { url, zone, eventTypes } = settings;
  const identifyArrived = ledger.identifiesSent > 0 && collector.identifiesSeen === ledger.identifiesSent;
  const sender = url === undefined ? `Amplitude (zone ${zone})` : `the endpoint at ${url}`;
  const proves = [
    `${sender} took every event and wrote each to the customer's stream`,
    `the events come from project ${[...ledger.apps.keys()].join(", ")}, with the fields that were sent`,
    ...(identifyArrived ? ["identify calls are forwarded"] : []),
  ];
  const types = eventTypes.map((type) => `"${type}"`).join(", ");
  return {
    proves: verdict === "verified" ? proves : [],
    notProven: [
      ...(url === undefined ? [] : [`all about Amplitude itself: events were sent to ${url}`]),
      `that the destination's filter lets other events through than ${types}`,
      "that no event is lost at the project's full rate: Amplitude promises neither exactly once nor an order",
      ...(identifyArrived ? [] : ["whether identify calls are forwarded"]),
    ],
  };
}

/** Codes of findings about the role that the preflight could not determine. */
const OPEN_BEFORE = new Set<FindingCode>([
  "role-not-readable",
  "trust-undetermined",
  "simulation-unavailable",
  "permissions-undetermined",
]);

/** Removes findings that an arrived event settles: it shows that the role was assumed and could write. */
function withoutSettled(findings: Finding[], arrived: number): Finding[] {
  if (arrived === 0) return findings;
  return findings.filter(({ code, severity }) => severity !== "undetermined" || !OPEN_BEFORE.has(code));
}

/** Returns the findings about the events' outcomes, one per kind. */
function amplitudeFindings(end: AmplitudeEnd): Finding[] {
  const { streamArn } = end.deployment;
  return [
    ...responseFindings(end),
    ...absenceFindings(end, streamArn),
    ...contentFindings(end, streamArn),
    ...appFindings(end, streamArn),
    ...remarks(end, streamArn),
  ];
}

function responseFindings({ counts, ledger, settings: { url, zone } }: AmplitudeEnd): Finding[] {
  const endpoint = url ?? ZONE_URLS[zone];
  return present([
    counts.refused > 0 &&
      finding.error(
        "events-refused",
        endpoint,
        `${counted(counts.refused, "event was", "events were")} refused by Amplitude's API: ${mostCommon(ledger.reasons("refused"))}`,
        "Look the reason up under Response of Amplitude's HTTP V2 API; the stream and the role are not the cause",
      ),
    counts.unanswered > 0 &&
      finding.undetermined(
        "events-unanswered",
        endpoint,
        `${counted(counts.unanswered, "event")} got no clear response from Amplitude's API, and didn't reach the stream: ${mostCommon(ledger.reasons("unanswered"))}`,
        "Check the network, the zone and Amplitude's status page (https://status.amplitude.com), and run this again",
      ),
    ledger.seenDespiteRefusal > 0 &&
      finding.warning(
        "refused-but-delivered",
        endpoint,
        `${counted(ledger.seenDespiteRefusal, "event is", "events are")} in the stream though Amplitude's API refused them`,
        "Consumers must deduplicate in any case (by uuid)",
      ),
  ]);
}

function contentFindings(end: AmplitudeEnd, where: string): Finding[] {
  const { counts, ledger, collector } = end;
  const { recordsNotUnderstood } = collector;
  return present([
    counts.corrupted > 0 &&
      finding.error(
        "events-corrupted",
        where,
        `${counted(counts.corrupted, "event")} came back with a field that differs from what was sent: ${fields(ledger.fields("differing"))}`,
        "Look for transformations, blocked or renamed properties of the project in Amplitude (Data > Properties, Transformations), and in whatever else writes to this stream",
      ),
    recordsNotUnderstood > 0 &&
      finding.error(
        "records-not-understood",
        where,
        `${counted(recordsNotUnderstood, "record holds", "records hold")} events of this run in a form that is neither a JSON object, nor lines of them, nor a list`,
        "Amplitude documents the JSON of its Export API: compare a record (`aws kinesis get-records`) with it",
      ),
    ledger.fields("rewritten").length > 0 &&
      finding.warning(
        "fields-rewritten",
        where,
        `Amplitude rewrote fields of the device or the place, which its documentation leaves open: ${fields(ledger.fields("rewritten"))}`,
        "Let consumers expect Amplitude's own values in these fields",
      ),
  ]);
}

function appFindings({ ledger, settings, collector }: AmplitudeEnd, where: string): Finding[] {
  const { expectApp } = settings;
  if (expectApp === undefined) return [];
  const own = [...ledger.apps].filter(([app]) => app !== expectApp);
  const remedy =
    "Compare --expect-app with the project's id in Amplitude's settings, and the API key with the project's";
  // With a wrong --expect-app, the project's own events look foreign.
  const others = [...collector.unexpectedApps].filter(([app]) => !ledger.apps.has(app));
  return present([
    own.length > 0 &&
      finding.error(
        "unexpected-app",
        where,
        `Events of this run came from another project (app) than ${expectApp}: ${apps(own)}`,
        remedy,
      ),
    others.length > 0 &&
      finding.warning(
        "unexpected-app",
        where,
        `Other events came meanwhile from other projects (app) than ${expectApp}: ${apps(others)}. Somebody else may have pointed their Amplitude at this role`,
        "If the project isn't yours, rename the role, which changes its ARN, and keep the ARN private",
      ),
  ]);
}

function remarks(end: AmplitudeEnd, where: string): Finding[] {
  const { ledger, collector, deployment } = end;
  const latency = collector.latency.summary();
  const identifiesAbsent = ledger.identifiesSent - collector.identifiesSeen;
  return present([
    ledger.unexplainedDuplicates > 0 &&
      finding.warning(
        "duplicates-unexplained",
        where,
        `${ledger.unexplainedDuplicates} of ${counted(ledger.duplicates, "duplicate")} came as another row (uuid) of events that were sent to Amplitude once`,
        "Let consumers deduplicate by $insert_id and device_id too, not only by uuid",
      ),
    latency !== undefined &&
      latency.p95 > DOCUMENTED_P95_SECONDS &&
      finding.warning(
        "latency-above-documented",
        where,
        `The latency's p95 was ${latency.p95} s; Amplitude documents ${DOCUMENTED_P95_SECONDS} s`,
        "Run this again; if it stays, look at the stream's throttling metrics and ask Amplitude",
      ),
    identifiesAbsent > 0 &&
      !deployment.signal.aborted &&
      ledger.seen > 0 &&
      finding.warning(
        "identify-not-forwarded",
        where,
        `${identifiesAbsent} of ${counted(ledger.identifiesSent, "identify call was", "identify calls were")} not recognized in the stream`,
        "If consumers need them, switch the forwarding of users on in the destination; how a forwarded call looks is undocumented",
      ),
    ledger.rowsInRecord > 1 &&
      finding.warning(
        "several-events-in-record",
        where,
        `A record held up to ${ledger.rowsInRecord} events`,
        "Let consumers expect several events per record",
      ),
  ]);
}

function fields(counts: FieldCounts): string {
  const shown = counts.slice(0, 8).map(([field, events]) => `${field} (${events})`);
  return `${shown.join(", ")}${counts.length > shown.length ? ", …" : ""}`;
}

function apps(counts: [app: unknown, rows: number][]): string {
  return counts.map(([app, rows]) => `${String(app)} (${rows})`).join(", ");
}

/**
 * Returns the finding about absent events. Amplitude retries an event for up to four hours, so an absent event may
 * still arrive unless nothing arrives at all.
 */
export function absenceFindings(end: AmplitudeEnd, streamArn: string): Finding[] {
  const { counts, ledger, deployment, readingComplete } = end;
  if (counts.absent === 0 || deployment.signal.aborted) return [];
  if (!readingComplete) return [unread(counts.absent, streamArn)];
  return ledger.seen === 0 ? [nothingArrived(end, streamArn)] : [notArrived(end, streamArn)];
}

/**
 * Returns whether the destination certainly doesn't deliver: no event arrived for at least the documented p95.
 */
export function isProvenSilent({
  counts,
  ledger,
  deployment,
  readingComplete,
  waitedSeconds,
}: AmplitudeEnd): boolean {
  const isSilent = counts.absent > 0 && ledger.seen === 0 && !deployment.signal.aborted;
  return isSilent && readingComplete && waitedSeconds >= DOCUMENTED_P95_SECONDS;
}

function nothingArrived(end: AmplitudeEnd, where: string): Finding {
  const { counts, settings, collector, deployment } = end;
  const { recordsForeignOfAmplitude } = collector;
  const { outputs } = deployment;
  const others =
    recordsForeignOfAmplitude > 0
      ? ` ${counted(recordsForeignOfAmplitude, "record")} with other events of Amplitude's came meanwhile: then the destination works, and its filter, or another project, is the likely cause.`
      : "";
  const waited = `${Math.round(end.waitedSeconds)} s (documented: ${DOCUMENTED_P95_SECONDS} s for 95 of 100 events)`;
  return finding[isProvenSilent(end) ? "error" : "undetermined"](
    "nothing-arrived",
    where,
    `Amplitude accepted ${counted(counts.absent, "event")}, and none is in the stream after ${waited}.${others}`,
    [
      "Check in Amplitude, under Data > Destinations: is the Kinesis destination enabled and saved?",
      "Does its Send events filter let this run's event types through (--event-type sends others)?",
      "Is it a destination of the project that the API key belongs to?",
      `Are its values region ${outputs.region}, stream ${outputs.streamName} and role ${outputs.roleArn}?`,
      "What do its delivery metrics say?",
      ...(settings.zone === "EU"
        ? [
            "Which AWS account does Amplitude's EU region use (undocumented: ask Amplitude, and set amplitudeAccountId)?",
          ]
        : []),
      "CloudTrail shows under AssumeRole whether Amplitude tried the role",
    ].join(" "),
  );
}

function notArrived({ counts, ledger, waitedSeconds }: AmplitudeEnd, where: string): Finding {
  const types = ledger.absentTypes();
  const ofTypes =
    types.length === 0
      ? ""
      : `. Of ${types.map((type) => `"${type}"`).join(", ")} nothing arrived: does the destination's filter let it through?`;
  return finding.undetermined(
    "events-not-arrived",
    where,
    `${counts.absent} of ${counted(ledger.accepted, "event")} that Amplitude accepted did not reach the stream after ${Math.round(waitedSeconds)} s${ofTypes}`,
    "Amplitude tries an event again for up to 4 hours before it gives it up: look at the destination's delivery metrics in Amplitude, and run this again with a longer --timeout",
  );
}
