import { streamArnOf } from "../common/arn";
import type { Finding, Verdict } from "../common/findings";
import type { LatencyRecorder } from "../common/histogram";
import { namesOf, type StackOutputs } from "../common/outputs";
import type { Timeline } from "../common/timeline";
import { VERSION } from "../common/version";
import type { Preflight } from "../deployment/preflight";
import type { TrustedCaller } from "../deployment/trust";
import type { EventSource } from "../events/source";
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
import { countEvents, decideVerdict } from "./verdict";

export const ENVIRONMENT = {
  version: VERSION,
  nodeVersion: process.version,
  platform: `${process.platform} ${process.arch}`,
};

/** Data of a run that is over. */
export interface EndedRun {
  outputs: StackOutputs;
  source: EventSource;
  amplitude: TrustedCaller;
  before: Preflight;
  state: RunState;
  collector: Collector;
  acknowledgement: LatencyRecorder;
  timeline: Timeline;
  /** Ids of the shards that were read. */
  shardIds: string[];
  /** Findings of the run, besides those of the preflight and those about the events. */
  findings: Finding[];
  readingComplete: boolean;
  interrupted: boolean;
  /** Epoch time in ms. */
  startedAt: number;
  endedAt: number;
}

/** Composes the report of a run, and its verdict. */
export function composeReport(run: EndedRun): DeliveryReport {
  const { outputs, before, state, collector, startedAt, endedAt } = run;
  const { ledger, key, header } = state;
  const counts = ledger.counts();
  const events = countEvents(counts, run);
  const isLost = run.findings.some(isOfLostRecords);
  const ofEvents = eventFindings(ledger, counts, run, streamArnOf(outputs));
  const findings = [
    ...before.findings,
    ...run.findings,
    // Reading on can't find what the stream no longer has.
    ...ofEvents.filter(({ code }) => !isLost || code !== "events-unread"),
    ...sourceProblems(run.source),
    ...(run.interrupted ? [interrupted(ledger.sent)] : []),
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
    resumable,
    resumedFrom: header === undefined ? null : new Date(header.startedAt).toISOString(),
    startedAt: new Date(startedAt).toISOString(),
    durationInSeconds: (endedAt - startedAt) / 1000,
    eventsSent: ledger.sent,
    eventsAcknowledged: ledger.acknowledged,
    ...events,
    ...omissionsOf(run.source),
    deliveryRate: ledger.sent === 0 ? 0 : events.eventsDelivered / ledger.sent,
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
