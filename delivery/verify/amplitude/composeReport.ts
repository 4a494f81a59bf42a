import type { Finding, FindingCode, Verdict } from "../../common/findings";
import { namesOf } from "../../common/outputs";
import type { Preflight } from "../../deployment/preflight";
import { interrupted } from "../../sending/findings";
import { type Measurements, measured } from "../composeReport";
import type { DeliveryReport, Proof } from "../report";
import { decideVerdict, type EventCounts } from "../verdict";
import { type AmplitudeEnd, amplitudeFindings, isProvenSilent } from "./findings";

/** Data of a run through Amplitude that is over. */
export interface EndedAmplitudeRun extends Measurements {
  end: AmplitudeEnd;
  run: Omit<AmplitudeRun, "apps" | "identifyArrived">;
  runId: string;
  before: Preflight;
  /** Findings of the run, besides those of the preflight and those about the events. */
  findings: Finding[];
}

/** Composes the report of a run, and its verdict. */
export function composeReport(ended: EndedAmplitudeRun): DeliveryReport {
  const { end, before } = ended;
  const { ledger, outputs, identifies } = end;
  const events = countEvents(end);
  const findings = [
    ...withoutSettled(before.findings, ledger.seen),
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
    ...namesOf(outputs),
    runId: ended.runId,
    resumable: false,
    resumedFrom: null,
    ...measured(ended, ledger.sent, events),
    eventsAcknowledged: ledger.accepted,
    eventsSkipped: 0,
    filesSkipped: 0,
    // Only Amplitude sees when Kinesis acknowledges an event.
    acknowledgementInSeconds: null,
    acknowledgementHistogram: null,
    part: null,
    findings,
    proof: proofOf({ ...ended.run, apps: [...ledger.apps.keys()], identifyArrived }, verdict),
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

/** Description of a run through Amplitude, for its proof. */
export interface AmplitudeRun {
  /** URL to which events were sent, if it isn't Amplitude's. */
  url: string | undefined;
  zone: string;
  eventTypes: readonly string[];
  /** Projects that the events came from. */
  apps: readonly unknown[];
  /** Whether `$identify` calls were sent, and all of them arrived. */
  identifyArrived: boolean;
}

/** Returns what the run proves and what it can't prove. Only a verified run proves anything. */
function proofOf(run: AmplitudeRun, verdict: Verdict): Proof {
  const { url, zone, eventTypes, apps, identifyArrived } = run;
  const sender = url === undefined ? `Amplitude (zone ${zone})` : `the endpoint at ${url}`;
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
