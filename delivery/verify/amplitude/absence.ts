import type { Finding } from "../../common/findings";
import type { Latency } from "../../common/histogram";
import { DOCUMENTED_P95_SECONDS } from "../../common/limits";
import type { StackOutputs } from "../../common/outputs";
import { unread } from "../findings";
import type { AmplitudeCounts, AmplitudeLedger } from "./ledger";
import type { AmplitudeZone } from "./options";

/** What is known when a run through Amplitude is over. */
export interface AmplitudeEnd {
  outputs: StackOutputs;
  zone: AmplitudeZone;
  /** Where events were sent. */
  endpoint: string;
  ledger: AmplitudeLedger;
  counts: AmplitudeCounts;
  latency: Latency | undefined;
  expectApp: number | undefined;
  unexpectedApps: ReadonlyMap<unknown, number>;
  recordsNotUnderstood: number;
  recordsForeignOfAmplitude: number;
  /** How many identify calls were sent, and came. */
  identifies: { sent: number; seen: number };
  /** How long the events were waited for after Amplitude had taken the last one, in seconds. */
  waitedSeconds: number;
  /** The stream was read up to the end of the wait, and twice where events were missing. */
  readingComplete: boolean;
  interrupted: boolean;
}

/** Amplitude tries an event for up to four hours: what is absent now may still come, unless nothing comes at all. */
export function absenceFindings(end: AmplitudeEnd, streamArn: string): Finding[] {
  const { counts, ledger, interrupted, readingComplete } = end;
  if (counts.absent === 0 || interrupted) return [];
  if (!readingComplete) return [unread(counts.absent, streamArn)];
  return ledger.seen === 0 ? [nothingArrived(end, streamArn)] : [notArrived(end, streamArn)];
}

/** Whether it is known that the destination doesn't deliver: all of it came to nothing, for longer than documented. */
export function isProvenSilent({
  counts,
  ledger,
  interrupted,
  readingComplete,
  waitedSeconds,
}: Pick<AmplitudeEnd, "counts" | "ledger" | "interrupted" | "readingComplete" | "waitedSeconds">): boolean {
  const isSilent = counts.absent > 0 && ledger.seen === 0;
  return isSilent && readingComplete && !interrupted && waitedSeconds >= DOCUMENTED_P95_SECONDS;
}

function nothingArrived(end: AmplitudeEnd, where: string): Finding {
  const { counts, zone, recordsForeignOfAmplitude, outputs } = end;
  const others =
    recordsForeignOfAmplitude > 0
      ? ` ${recordsForeignOfAmplitude} record(s) with other events of Amplitude's came meanwhile: then the destination works, and its filter, or another project, is the likely cause.`
      : "";
  const waited = `${Math.round(end.waitedSeconds)} s (documented: ${DOCUMENTED_P95_SECONDS} s for 95 of 100 events)`;
  return {
    code: "nothing-arrived",
    severity: isProvenSilent(end) ? "error" : "undetermined",
    message: `Amplitude accepted ${counts.absent} event(s), and none of them is in the stream after ${waited}.${others}`,
    where,
    remedy: [
      "Check in Amplitude, under Data > Destinations: is the Kinesis destination enabled and saved?",
      "Does its Send events filter let this run's event types through (--event-type sends others)?",
      "Is it a destination of the project that the API key belongs to?",
      `Are its values region ${outputs.region}, stream ${outputs.streamName} and role ${outputs.roleArn}?`,
      "What do its delivery metrics say?",
      ...(zone === "EU"
        ? [
            "Which AWS account does Amplitude's EU region use (undocumented: ask Amplitude, and set amplitudeAccountId)?",
          ]
        : []),
      "CloudTrail shows under AssumeRole whether Amplitude tried the role",
    ].join(" "),
  };
}

function notArrived({ counts, ledger, waitedSeconds }: AmplitudeEnd, where: string): Finding {
  const types = ledger.absentTypes();
  const ofTypes =
    types.length === 0
      ? ""
      : `. Of ${types.map((type) => `"${type}"`).join(", ")} nothing arrived: does the destination's filter let it through?`;
  return {
    code: "events-not-arrived",
    severity: "undetermined",
    message: `${counts.absent} of ${ledger.accepted} event(s) that Amplitude accepted are not in the stream after ${Math.round(waitedSeconds)} s${ofTypes}`,
    where,
    remedy:
      "Amplitude tries an event again for up to 4 hours before it gives it up: look at the destination's delivery metrics in Amplitude, and run this again with a longer --timeout",
  };
}
