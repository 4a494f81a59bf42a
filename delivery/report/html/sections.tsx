import { bySeverity, type Finding, type Severity, type ShardReport } from "../../common/findings";
import type { DeliveryReport } from "../../verify/report";
import { codeSpans, deliveredPercent } from "../presentation";
import { round } from "./charting";
import { count, duration } from "./formats";
import { ScrollingTable } from "./table";

/** A sentence of the report, with its commands as code. */
export function Prose({ text }: { text: string }) {
  return (
    <>
      {codeSpans(text).map((piece, index) =>
        piece.isCode ? <code key={index}>{piece.text}</code> : piece.text,
      )}
    </>
  );
}

const SEVERITIES: Record<Severity, string> = {
  error: "✗ Error",
  undetermined: "? Undetermined",
  warning: "! Warning",
};

/** A finding, and the customers that have it if the report covers several. */
type ShownFinding = Finding & { stacks?: string[] };

export function FindingsSection({ findings }: { findings: ShownFinding[] }) {
  return (
    <section aria-labelledby="findings">
      <h2 id="findings">{findings.length === 0 ? "Findings" : `Findings (${findings.length})`}</h2>
      {findings.length === 0 ? <p>No problem was found.</p> : null}
      {bySeverity(findings).map((finding, index) => (
        <FindingCard key={index} finding={finding} />
      ))}
    </section>
  );
}

function FindingCard({
  finding: { severity, code, message, where, remedy, stacks },
}: {
  finding: ShownFinding;
}) {
  return (
    <article class="finding">
      <h3>
        <span class={severity}>{SEVERITIES[severity]}:</span> <code>{code}</code>
      </h3>
      <p>
        <Prose text={message} />
      </p>
      <dl>
        {stacks === undefined ? null : (
          <>
            <dt>{stacks.length === 1 ? "Customer" : `Customers (${count(stacks.length)})`}</dt>
            <dd>{stacks.join(", ")}</dd>
          </>
        )}
        <dt>Where</dt>
        <dd>
          <code>{where}</code>
        </dd>
        <dt>Remedy</dt>
        <dd>
          <Prose text={remedy} />
        </dd>
      </dl>
    </article>
  );
}

export function NumbersSection({ report }: { report: DeliveryReport }) {
  const { latencyInSeconds: latency } = report;
  return (
    <section aria-labelledby="numbers">
      <h2 id="numbers">Numbers</h2>
      <dl class="cards">
        <Card title="Sent" value={count(report.eventsSent)} />
        <Card
          title="Delivered"
          value={count(report.eventsDelivered)}
          aside={`${deliveredPercent(report)}%`}
        />
        <Card title="Not delivered" value={count(report.eventsNotDelivered)} />
        <Card title="Corrupted" value={count(report.eventsCorrupted)} />
        <Card title="Unknown" value={count(report.eventsUnknown)} />
        <Card title="Latency, p95" value={latency === null ? "none measured" : duration(latency.p95)} />
      </dl>
      <ScrollingTable
        caption="Outcome of the events"
        columns={[{ title: "Count" }, { title: "Number", isNumber: true }, { title: "Meaning" }]}
        rows={rowsOf(report).map(([name, number, meaning]) => [name, count(number), meaning])}
      />
    </section>
  );
}

export function Card({ title, value, aside }: { title: string; value: string; aside?: string }) {
  return (
    <div class="card">
      <dt>{title}</dt>
      <dd>
        {value}
        {aside === undefined ? null : <span class="aside">{aside}</span>}
      </dd>
    </div>
  );
}

type NumberRow = [name: string, number: number, meaning: string];

/** Amplitude's route compares fields, and the others compare bytes. */
function meaningsOf({ route }: DeliveryReport) {
  return route === "amplitude"
    ? {
        acknowledged: "Amplitude's API accepted them",
        delivered: "read back with the fields that were sent",
        refused: "not delivered: Amplitude's API rejected them",
        corrupted: "read back with different fields",
      }
    : {
        acknowledged: "Kinesis confirmed that it stored them",
        delivered: "read back with exactly the bytes that were sent",
        refused: "not delivered: no attempt wrote them",
        corrupted: "read back with different bytes",
      };
}

function rowsOf(report: DeliveryReport): NumberRow[] {
  const means = meaningsOf(report);
  return [
    ["Sent", report.eventsSent, "attempted at least once, or rejected before the first attempt"],
    ["Acknowledged", report.eventsAcknowledged, means.acknowledged],
    ["Delivered", report.eventsDelivered, means.delivered],
    ["Rejected", report.eventsRefused, means.refused],
    ["Lost", report.eventsLost, "not delivered: acknowledged, but absent after two complete reads"],
    [
      "No response",
      report.eventsUnanswered,
      "not delivered: no clear response, and absent after two complete reads",
    ],
    ["Corrupted", report.eventsCorrupted, means.corrupted],
    ["Unknown", report.eventsUnknown, "sending or reading did not finish"],
    ["Skipped", report.eventsSkipped, "rows or files of the source that are not events, and were not sent"],
    ["Duplicates", report.eventsDuplicated, "copies beyond the first, of any event"],
    [
      "Unexplained duplicates",
      report.duplicatesUnexplained,
      "copies that no acknowledgement and no unclear response accounts for",
    ],
    [
      "Delivered despite rejection",
      report.eventsSeenDespiteRefusal,
      "in the stream although every attempt was rejected",
    ],
    ["Foreign records", report.recordsForeign, "not from this run: counted, and otherwise ignored"],
  ];
}

const MAX_SHARD_ROWS = 100;

/** Amplitude doesn't report which shard stored an event, so its route shows no acknowledgements. */
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
  if (shards.length === 0) return "The run found no shard.";
  const records = shards.map(({ recordsRead }) => recordsRead).sort((a, b) => a - b);
  const covered = records.filter((number) => number > 0).length;
  const median = records[Math.floor(records.length / 2)] ?? 0;
  return `${count(covered)} of ${count(shards.length)} ${shards.length === 1 ? "shard" : "shards"} returned records of this run: at most ${count(records.at(-1) ?? 0)}, in the median ${count(median)}, and at least ${count(records[0] ?? 0)}.`;
}

function ShardTable({ shards, route }: Pick<DeliveryReport, "shards" | "route">) {
  const hasAcknowledgements = route !== "amplitude";
  const rows = shards.length > MAX_SHARD_ROWS ? worstFirst(shards).slice(0, MAX_SHARD_ROWS) : shards;
  const fullest = Math.max(...rows.map(({ recordsRead }) => recordsRead));
  return (
    <ScrollingTable
      caption={
        rows.length === shards.length
          ? "Every shard that the run read"
          : `${MAX_SHARD_ROWS} of ${count(shards.length)} shards, first those that returned less than was acknowledged. report.json lists all shards`
      }
      columns={[
        { title: "Shard" },
        ...(hasAcknowledgements ? [{ title: "Acknowledged", isNumber: true }] : []),
        { title: "Records read", isNumber: true },
        { title: "Share of the maximum" },
      ]}
      rows={rows.map(({ shardId, eventsAcknowledged, recordsRead }) => [
        <code key="id">{shardId}</code>,
        ...(hasAcknowledgements ? [count(eventsAcknowledged)] : []),
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

export function ShareBar({ percent, width = 120 }: { percent: number; width?: number }) {
  return (
    <svg width={width} height="18" role="img" aria-label={`${percent}%`}>
      <rect class="read" width={round((width * percent) / 100)} height="12" y="3" />
    </svg>
  );
}
