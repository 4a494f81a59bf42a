import type { Finding } from "../findings";
import type { Preflight } from "../preflight/preflight";
import type { TrustedCaller } from "../preflight/trustDocument";
import type { DeliveryReport } from "../report/report";
import { type StackOutputs, streamArnOf } from "../settings";
import type { EventSource } from "../sources/source";
import { VERSION } from "../version";
import type { Collector } from "./collector";
import { eventFindings } from "./eventFindings";
import type { LatencyRecorder } from "./latency";
import { proofOf } from "./proof";
import { interrupted, isOfUnfinishedRun, sourceProblems, withResumption } from "./runFindings";
import type { RunState } from "./runState";
import type { Timeline } from "./timeline";
import { countEvents, decideVerdict } from "./verdict";

export const ENVIRONMENT = {
  version: VERSION,
  nodeVersion: process.version,
  platform: `${process.platform} ${process.arch}`,
};

/** A run that is over. */
export interface EndedRun {
  outputs: StackOutputs;
  source: EventSource;
  amplitude: TrustedCaller;
  before: Preflight;
  state: RunState;
  collector: Collector;
  /** Where the run has ordering keys that the stream keeps to. */
  eventsOutOfOrder: number | undefined;
  acknowledgement: LatencyRecorder;
  timeline: Timeline;
  /** The shards that were read. */
  shardIds: string[];
  /** What was found on the way, beside the preflight's findings and the events'. */
  findings: Finding[];
  readingComplete: boolean;
  interrupted: boolean;
  /** In ms since 1970. */
  startedAt: number;
  endedAt: number;
}

/** All that is known of a run, and the verdict on it. */
export function composeReport(run: EndedRun): DeliveryReport {
  const { outputs, before, state, collector, startedAt, endedAt } = run;
  const { ledger, key, header } = state;
  const counts = ledger.counts();
  const events = countEvents(counts, run);
  const findings = [
    ...before.findings,
    ...run.findings,
    ...eventFindings(ledger, counts, run, streamArnOf(outputs)),
    ...sourceProblems(run.source),
    ...(run.interrupted ? [interrupted(ledger.sent)] : []),
  ];
  const verdict = decideVerdict(events, findings);
  const resumable =
    verdict === "undecided" && state.journal !== undefined && findings.some(isOfUnfinishedRun);
  return {
    reportVersion: 1,
    verdict,
    route: before.route,
    ...outputs,
    runId: key.runId,
    resumable,
    resumedFrom: header === undefined ? null : new Date(header.startedAt).toISOString(),
    startedAt: new Date(startedAt).toISOString(),
    durationInSeconds: (endedAt - startedAt) / 1000,
    eventsSent: ledger.sent,
    eventsAcknowledged: ledger.acknowledged,
    ...events,
    deliveryRate: ledger.sent === 0 ? 0 : events.eventsDelivered / ledger.sent,
    eventsOutOfOrder: run.eventsOutOfOrder ?? null,
    acknowledgementInSeconds: run.acknowledgement.summary() ?? null,
    latencyInSeconds: collector.latency.summary() ?? null,
    latencyHistogram: collector.latency.encoded() ?? null,
    timeline: run.timeline.report(),
    recordsForeign: collector.recordsForeign,
    shards: collector.shards(run.shardIds),
    findings: resumable ? withResumption(findings, key.runId) : findings,
    proof: proofOf(before, run.amplitude, verdict),
    environment: ENVIRONMENT,
  };
}
