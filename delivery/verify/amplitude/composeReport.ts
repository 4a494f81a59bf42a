import type { Finding } from "../../common/findings";
import type { Timeline } from "../../common/timeline";
import type { Preflight } from "../../deployment/preflight";
import { interrupted } from "../../sending/findings";
import { ENVIRONMENT } from "../composeReport";
import type { DeliveryReport } from "../report";
import { decideVerdict, type EventCounts } from "../verdict";
import { type AmplitudeEnd, isProvenSilent } from "./absence";
import type { RowCollector } from "./collector";
import { amplitudeFindings } from "./findings";
import { type AmplitudeRun, proofOf, withoutAnswered } from "./proof";

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
  /** In ms since 1970. */
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
