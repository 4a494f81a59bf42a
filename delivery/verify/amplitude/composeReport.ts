import type { Finding, FindingCode, Verdict } from "../../common/findings";
import type { Timeline } from "../../common/timeline";
import type { Preflight } from "../../deployment/preflight";
import { interrupted } from "../../sending/findings";
import { ENVIRONMENT } from "../composeReport";
import type { DeliveryReport, Proof } from "../report";
import { decideVerdict, type EventCounts } from "../verdict";
import type { RowCollector } from "./arrivals";
import { type AmplitudeEnd, amplitudeFindings, isProvenSilent } from "./findings";

/** A run through Amplitude that is over. */
export interface EndedAmplitudeRun {
  end: AmplitudeEnd;
  run: Omit<AmplitudeRun, "apps" | "identifyArrived">;
  runId: string;
  before: Preflight;
  collector: RowCollector;
  timeline: Timeline;
  shardIds: string[];
  /** What was found on the way, beside the preflight's findings and the events'. */
  findings: Finding[];
  /** Epoch time in ms. */
  startedAt: number;
  endedAt: number;
}

/** All that is known of a run, and the verdict on it. */
export function composeReport(ended: EndedAmplitudeRun): DeliveryReport {
  const { end, before, collector, startedAt, endedAt } = ended;
  const { ledger, outputs, identifies } = end;
  const events = countEvents(end);
  const findings = [
    ...withoutAnswered(before.findings, ledger.seen),
    ...ended.findings,
    ...amplitudeFindings(end),
    ...(end.interrupted ? [interrupted(ledger.sent)] : []),
  ];
  const verdict = decideVerdict(events, findings);
  const identifyArrived = identifies.sent > 0 && identifies.seen === identifies.sent;
  return {
    reportVersion: 1,
    verdict,
    route: "amplitude",
    ...outputs,
    runId: ended.runId,
    resumable: false,
    resumedFrom: null,
    startedAt: new Date(startedAt).toISOString(),
    durationInSeconds: (endedAt - startedAt) / 1000,
    eventsSent: ledger.sent,
    eventsAcknowledged: ledger.accepted,
    ...events,
    deliveryRate: ledger.sent === 0 ? 0 : events.eventsDelivered / ledger.sent,
    // Amplitude promises no order, and keeps to no key that is known.
    latencyInSeconds: collector.latency.summary() ?? null,
    latencyHistogram: collector.latency.encoded() ?? null,
    // When Kinesis acknowledges is between it and Amplitude.
    acknowledgementInSeconds: null,
    timeline: ended.timeline.report(),
    recordsForeign: collector.recordsForeign,
    shards: collector.shards(ended.shardIds),
    findings,
    proof: proofOf({ ...ended.run, apps: [...ledger.apps.keys()], identifyArrived }, verdict),
    environment: ENVIRONMENT,
  };
}

/** What Amplitude took and has not delivered is lost only where nothing comes at all: it tries for four hours. */
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
    eventsSeenThoughRefused: ledger.seenThoughRefused,
  };
}

/** What a run through Amplitude was, for the words about it. */
export interface AmplitudeRun {
  /** Where events were sent, where that is not Amplitude. */
  url: string | undefined;
  zone: string;
  eventTypes: readonly string[];
  /** The projects that the events came from. */
  apps: readonly unknown[];
  /** Whether `$identify` calls were sent, and came. */
  identifyArrived: boolean;
}

/** What the run proves, which is nothing unless it is verified, and what it can't. */
function proofOf(run: AmplitudeRun, verdict: Verdict): Proof {
  const { url, zone, eventTypes, apps, identifyArrived } = run;
  const sender = url === undefined ? `Amplitude (zone ${zone})` : `what answers at ${url}`;
  const proves = [
    `${sender} took every event and wrote each to the customer's stream`,
    `the events come from project ${apps.join(", ")}, with the fields that were sent`,
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

/** Of the role's side, what the preflight could not find out. */
const OPEN_BEFORE = new Set<FindingCode>([
  "role-not-readable",
  "trust-undetermined",
  "simulation-unavailable",
  "permissions-undetermined",
]);

/** What was open before an event arrived is not so any more: the role was assumed, and could write. */
function withoutAnswered(findings: Finding[], arrived: number): Finding[] {
  if (arrived === 0) return findings;
  return findings.filter(({ code, severity }) => severity !== "undetermined" || !OPEN_BEFORE.has(code));
}
