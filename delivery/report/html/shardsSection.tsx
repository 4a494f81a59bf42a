import type { ShardReport } from "../../common/findings";
import type { DeliveryReport } from "../../verify/report";
import { count } from "./formats";
import { ScrollingTable } from "./table";

const MOST_ROWS = 100;

/** On Amplitude's route nobody tells which shard took an event, so that no acknowledgements are shown there. */
export function ShardsSection({ shards, route }: Pick<DeliveryReport, "shards" | "route">) {
  return (
    <section aria-labelledby="shards">
      <h2 id="shards">Shards</h2>
      <p>{coverage(shards)}</p>
      {shards.length === 0 ? null : <ShardTable shards={shards} route={route} />}
    </section>
  );
}

function coverage(shards: ShardReport[]): string {
  if (shards.length === 0) return "No shard was seen.";
  const records = shards.map(({ recordsRead }) => recordsRead).sort((a, b) => a - b);
  const covered = records.filter((number) => number > 0).length;
  const median = records[Math.floor(records.length / 2)] ?? 0;
  return `${count(covered)} of ${count(shards.length)} shard(s) gave back records of this run; the fullest ${count(records.at(-1) ?? 0)}, the median ${count(median)}, the emptiest ${count(records[0] ?? 0)}.`;
}

function ShardTable({ shards, route }: Pick<DeliveryReport, "shards" | "route">) {
  const isAcknowledgementTold = route !== "amplitude";
  const rows = shards.length > MOST_ROWS ? worstFirst(shards).slice(0, MOST_ROWS) : shards;
  const fullest = Math.max(...rows.map(({ recordsRead }) => recordsRead));
  return (
    <ScrollingTable
      caption={
        rows.length === shards.length
          ? "Every shard that the run has seen"
          : `${MOST_ROWS} of ${count(shards.length)} shards, those first that gave back less than was acknowledged; report.json has all`
      }
      columns={[
        { title: "Shard" },
        ...(isAcknowledgementTold ? [{ title: "Acknowledged", isNumber: true }] : []),
        { title: "Records read", isNumber: true },
        { title: "Beside the fullest" },
      ]}
      rows={rows.map(({ shardId, eventsAcknowledged, recordsRead }) => [
        <code key="id">{shardId}</code>,
        ...(isAcknowledgementTold ? [count(eventsAcknowledged)] : []),
        count(recordsRead),
        <ShareBar key="bar" percent={fullest === 0 ? 0 : Math.round((100 * recordsRead) / fullest)} />,
      ])}
    />
  );
}

function worstFirst(shards: ShardReport[]): ShardReport[] {
  const missing = ({ eventsAcknowledged, recordsRead }: ShardReport) =>
    Math.max(0, eventsAcknowledged - recordsRead);
  return [...shards].sort((a, b) => missing(b) - missing(a));
}

function ShareBar({ percent }: { percent: number }) {
  return (
    <svg width="120" height="18" role="img" aria-label={`${percent} %`}>
      <rect class="read" width={round(1.2 * percent)} height="12" y="3" />
    </svg>
  );
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
