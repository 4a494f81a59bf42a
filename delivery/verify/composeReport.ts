import type { Finding, Verdict } from "../common/findings";
import type { LatencyRecorder } from "../common/histogram";
import { VERSION } from "../common/limits";
import { namesOf } from "../common/outputs";
import type { Timeline } from "../common/timeline";
import type { Preflight } from "../deployment/preflight";
import { withIgnoredChanges } from "../deployment/inspection";
import type { TrustedCaller } from "../deployment/trust";
import type { EventSource } from "../events/source";
import type { OpenDeployment } from "../sending/deployment";
import {
  interrupted,
  isOfLostRecords,
  isOfUnfinishedRun,
  omissionsOf,
  sourceProblems,
  withResumption,
} from "../sending/findings";
import { eventFindings } from "./findings";
import type { Collector } from "./readBack";
import type { DeliveryReport } from "./report";
import type { RunState } from "./resume/runState";
import { countEvents, decideVerdict, type EventCounts } from "./verdict";

/** Results that a run has on every route. */
export interface Measurements {
  deployment: OpenDeployment;
  collector: Pick<Collector, "latency" | "recordsForeign" | "shards"> &
    Partial<Pick<Collector, "recordsOfOtherParts">>;
  timeline: Timeline;
  /** Ids of the shards that were read. */
  shardIds: string[];
}

/** Returns the report's fields that have the same meaning on every route. */
export function measured(run: Measurements, eventsSent: number, events: EventCounts) {
  const { deployment, collector } = run;
  const { clock, startedAt } = deployment;
  return {
    startedAt: new Date(startedAt).toISOString(),
    durationInSeconds: (clock.now() - startedAt) / 1000,
    eventsSent,
    ...events,
    deliveryRate: eventsSent === 0 ? 0 : events.eventsDelivered / eventsSent,
    latencyInSeconds: collector.latency.summary() ?? null,
    latencyHistogram: collector.latency.encoded() ?? null,
    timeline: run.timeline.report(),
    recordsForeign: collector.recordsForeign,
    recordsOfOtherParts: collector.recordsOfOtherParts ?? 0,
    shards: collector.shards(run.shardIds),
    environment: {
      version: VERSION,
      nodeVersion: process.version,
      platform: `${process.platform} ${process.arch}`,
    },
  };
}

/** Data of a run that is over. */
export interface EndedRun extends Measurements {
  source: EventSource;
  before: Preflight;
  state: RunState;
  acknowledgement: LatencyRecorder;
  /** Findings of the run, besides those of the preflight and those about the events. */
  findings: Finding[];
  readingComplete: boolean;
}

/** Composes the report of a run, and its verdict. */
export function composeReport(run: EndedRun): DeliveryReport {
  const { deployment, before, state } = run;
  const { outputs, amplitude, streamArn, signal } = deployment;
  const { ledger, key, header, part } = state;
  const counts = ledger.counts();
  const events = countEvents(counts, run);
  const isLost = run.findings.some(isOfLostRecords);
  const ofEvents = eventFindings(state, counts, run, streamArn);
  const findings = [
    ...before.findings,
    ...withIgnoredChanges(run.findings, outputs),
    // Reading on can't find what the stream no longer has.
    ...withIgnoredChanges(ofEvents, outputs).filter(({ code }) => !isLost || code !== "events-unread"),
    ...sourceProblems(run.source),
    ...(signal.aborted ? [interrupted(ledger.sent)] : []),
  ];
  const verdict = decideVerdict(events, findings);
  const resumable =
    verdict === "undecided" && !isLost && state.journal !== undefined && findings.some(isOfUnfinishedRun);
  return {
    reportVersion: 1,
    verdict,
    route: before.route,
    ...namesOf(outputs),
    runId: key.runId,
    part: part ?? null,
    resumable,
    resumedFrom: header === undefined ? null : new Date(header.startedAt).toISOString(),
    ...measured(run, ledger.sent, events),
    eventsAcknowledged: ledger.acknowledged,
    ...omissionsOf(run.source),
    acknowledgementInSeconds: run.acknowledgement.summary() ?? null,
    acknowledgementHistogram: run.acknowledgement.encoded() ?? null,
    findings: resumable ? withResumption(findings, key.runId, part) : findings,
    proof: proofOf(before, amplitude, verdict),
  };
}

const SET_UP =
  "that Amplitude is set up with these three values, and sends: enable the destination and watch the stream";

/** Returns what the run proves and what it can't prove. Only a verified run proves anything. */
export function proofOf(
  before: Preflight,
  amplitude: TrustedCaller,
  verdict: Verdict,
): DeliveryReport["proof"] {
  const { proves, notProven } =
    before.route === "role" ? roleProof(before, amplitude) : operatorProof(amplitude);
  const agreed =
    amplitude.externalId === undefined ? [] : ["that Amplitude gives the external id that the role demands"];
  return { proves: verdict === "verified" ? proves : [], notProven: [...notProven, ...agreed, SET_UP] };
}

function trusts({ accountId }: TrustedCaller): string {
  return `the trust policy lets Amplitude's account ${accountId} assume the role`;
}

function operatorProof(amplitude: TrustedCaller): DeliveryReport["proof"] {
  return {
    proves: [
      "the stream takes events and gives them back byte for byte, with the operator's credentials",
      "AWS's policy simulator allows the role to write to the stream and to simulate itself",
      trusts(amplitude),
    ],
    notProven: [
      "that the role can really be assumed and write: nobody but its trusted principals can try",
      "what the simulator does not look at: the policies of the stream itself, of a customer's own key and of the organization's resources",
    ],
  };
}

function roleProof(before: Preflight, amplitude: TrustedCaller): DeliveryReport["proof"] {
  const { senderIdentity, findings } = before;
  const asAmplitude = senderIdentity.accountId === amplitude.accountId;
  const trustRead = !findings.some(({ code }) => code === "role-not-readable");
  const simulated = !findings.some(({ code }) => code === "simulation-unavailable");
  return {
    proves: [
      `${senderIdentity.arn} can assume the role, and the role can write to the stream`,
      "events come back from the stream byte for byte",
      ...(trustRead && !asAmplitude ? [trusts(amplitude)] : []),
    ],
    notProven: [
      ...(trustRead || asAmplitude ? [] : [`that ${trusts(amplitude)}`]),
      ...(simulated
        ? []
        : [
            "whether the role may kinesis:PutRecord and iam:SimulatePrincipalPolicy too: only PutRecords was tried",
          ]),
    ],
  };
}
