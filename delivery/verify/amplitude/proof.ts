import type { Finding, FindingCode, Verdict } from "../../common/findings";
import type { Proof } from "../report";

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
export function proofOf(run: AmplitudeRun, verdict: Verdict): Proof {
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
export function withoutAnswered(findings: Finding[], arrived: number): Finding[] {
  if (arrived === 0) return findings;
  return findings.filter(({ code, severity }) => severity !== "undetermined" || !OPEN_BEFORE.has(code));
}
