import { type Finding, finding, mostCommon, present, type Verdict } from "../common/findings";
import type { LatencyRecorder } from "../common/histogram";
import { VERSION } from "../common/limits";
import { namesOf } from "../common/outputs";
import type { RunKey } from "../common/runId";
import { counted } from "../common/text";
import type { Timeline } from "../common/timeline";
import { withIgnoredChanges } from "../deployment/inspection";
import type { Preflight } from "../deployment/preflight";
import type { TrustedCaller } from "../deployment/trust";
import { type EventSource, omissionsOf } from "../events/source";
import type { OpenDeployment } from "../sending/deployment";
import {
  eventsRefused,
  interrupted,
  isOfLostRecords,
  isOfUnfinishedRun,
  sourceProblems,
  withResumption,
} from "../sending/findings";
import type { Fate, LedgerCounts } from "./ledger";
import type { Collector } from "./readBack";
import type { DeliveryReport } from "./report";
import type { RunState } from "./resume/runState";
import { countEvents, decideVerdict, type EventCounts, type RunEnd } from "./verdict";

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

/** A run that is over. */
export interface EndedRun extends Measurements {
  options: { source: EventSource };
  state: RunState;
  recorder: { acknowledgement: LatencyRecorder };
  /** Findings of the run, besides those of the preflight and those about the events. */
  findings: Finding[];
}

/** Composes the report of a run, and its verdict. */
export function composeReport(run: EndedRun, before: Preflight, end: RunEnd): DeliveryReport {
  const { deployment, state, options, recorder } = run;
  const { outputs, amplitude, streamArn, signal } = deployment;
  const { ledger, key, header, part } = state;
  const counts = ledger.counts();
  const events = countEvents(counts, end);
  const isLost = run.findings.some(isOfLostRecords);
  const ofEvents = eventFindings(state, counts, end, streamArn);
  const findings = [
    ...before.findings,
    ...withIgnoredChanges(run.findings, outputs),
    // Reading on can't find what the stream no longer has.
    ...withIgnoredChanges(ofEvents, outputs).filter(({ code }) => !isLost || code !== "events-unread"),
    ...sourceProblems(options.source),
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
    ...omissionsOf(options.source),
    acknowledgementInSeconds: recorder.acknowledgement.summary() ?? null,
    acknowledgementHistogram: recorder.acknowledgement.encoded() ?? null,
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

/** Returns the findings about the events' outcomes, one per kind. */
export function eventFindings(
  { ledger: { reasons }, key }: Pick<RunState, "ledger" | "key">,
  counts: LedgerCounts,
  { readingComplete }: RunEnd,
  where: string,
): Finding[] {
  const { fates, duplicates, unexplainedDuplicates, seenDespiteRefusal } = counts;
  const named = (fate: Fate) => eventsOf(fate, counts, key);
  const absent = fates.lost + fates.unanswered + fates.leftOpen;
  return present([
    fates.refused > 0 && eventsRefused(reasons.refused, named("refused"), where),
    readingComplete &&
      fates.lost > 0 &&
      finding.error(
        "events-lost",
        where,
        `${named("lost")} were acknowledged by Kinesis, and are not in the stream after two full readings`,
        "Check that nothing stands between this machine and Kinesis (endpoint, proxy), then take it to AWS Support with the run id",
      ),
    readingComplete &&
      fates.unanswered > 0 &&
      finding.error(
        "events-unanswered",
        where,
        `${named("unanswered")} got no clear response from Kinesis, and are not in the stream: ${mostCommon(reasons.unanswered.ranked)}`,
        "Check the network and the service's health, and run this again",
      ),
    !readingComplete && absent > 0 && unread(absent, where),
    fates.corrupted > 0 &&
      finding.error(
        "events-corrupted",
        where,
        `${named("corrupted")} came back with different bytes`,
        "Check that nothing between this machine and Kinesis changes requests (endpoint, proxy)",
      ),
    unexplainedDuplicates > 0 &&
      finding.warning(
        "duplicates-unexplained",
        where,
        `No acknowledgement and no unclear response accounts for ${unexplainedDuplicates} of ${counted(duplicates, "duplicate")}`,
        "Consumers must deduplicate in any case (by uuid): Amplitude promises no exactly-once delivery",
      ),
    seenDespiteRefusal > 0 &&
      finding.warning(
        "refused-but-delivered",
        where,
        `${counted(seenDespiteRefusal, "event is", "events are")} in the stream although Kinesis refused them`,
        "Consumers must deduplicate in any case (by uuid): a sender that trusts the refusal sends such events again",
      ),
  ]);
}

function eventsOf(fate: Fate, counts: LedgerCounts, key: RunKey): string {
  const total = counts.fates[fate];
  const sample = counts.samples[fate].map((number) => key.numberOf(number - 1) + 1);
  const more = total > sample.length ? ", …" : "";
  return `${counted(total, "event")} (number ${sample.join(", ")}${more} of the source)`;
}

/** Returns the finding for events that were not read back because reading did not finish, on any route. */
export function unread(events: number, where: string): Finding {
  return finding.undetermined(
    "events-unread",
    where,
    `${counted(events, "event was", "events were")} not read back so far, and the stream could not be read to its end, so it is unknown whether ${events === 1 ? "it" : "they"} arrived`,
    "Run this again with a longer --timeout",
  );
}
