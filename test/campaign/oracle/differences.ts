import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import type { DeliveryReport } from "../../../delivery";
import { type Expectation, pair } from "./expectation";

/** Returns the false statements of a report, one sentence each. */
export function differences(report: DeliveryReport, expected: Expectation): string[] {
  const numbers = numbersIn(report);
  return [
    ...unequal("verdict", report.verdict, expected.verdict),
    ...Object.entries(expected.numbers).flatMap(([name, number]) => unequal(name, numbers[name], number)),
    ...shardDifferences(report, expected),
    ...unequal("findings", codesOf(report), expected.findings.join(", ")),
    ...expected.named.flatMap((shardId) => unnamed(report, shardId)),
  ];
}

/** Returns every number of the report, and the sums of its timeline and histogram. */
function numbersIn(report: DeliveryReport): Record<string, unknown> {
  const { timeline, latencyHistogram } = report;
  const total = (what: "sent" | "acknowledged" | "read") =>
    timeline.buckets.reduce((sum, bucket) => sum + bucket[what], 0);
  return {
    ...report,
    "latencies measured":
      latencyHistogram === null ? 0 : decodeFromCompressedBase64(latencyHistogram).totalCount,
    "timeline: sent": total("sent"),
    "timeline: acknowledged": total("acknowledged"),
    "timeline: read": total("read"),
  };
}

function unequal(what: string, said: unknown, truly: unknown): string[] {
  return said === truly ? [] : [`${what}: the report says ${said}, and it is ${truly}`];
}

function codesOf({ findings }: DeliveryReport): string {
  return findings
    .map(({ code }) => code)
    .sort()
    .join(", ");
}

/** A shard without events may be listed or not, because it may have been created after the run's end. */
function shardDifferences(report: DeliveryReport, { shards }: Expectation): string[] {
  const said = Object.fromEntries(
    report.shards.map(({ shardId, eventsAcknowledged, recordsRead }) => [
      shardId,
      pair(eventsAcknowledged, recordsRead),
    ]),
  );
  const shardIds = [...new Set([...Object.keys(said), ...Object.keys(shards)])].sort();
  return shardIds.flatMap((shardId) =>
    unequal(shardId, said[shardId] ?? pair(0, 0), shards[shardId] ?? pair(0, 0)),
  );
}

function unnamed({ findings }: DeliveryReport, shardId: string): string[] {
  const isNamed = findings.some(({ message }) => message.includes(shardId));
  return isNamed ? [] : [`${shardId} could not be read to its end, and no finding names it`];
}
