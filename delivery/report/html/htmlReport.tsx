import { accountOf } from "../../common/arn";
import type { ShardReport } from "../../common/findings";
import { partText } from "../../common/part";
import type { DeliveryReport } from "../../verify/report";
import { redactReport } from "../presentation";
import { deliveredPercent, verdictSentence } from "../text";
import { type Charting, loadCharting } from "./charting";
import { LatencyChart, latencyDistribution } from "./latencyChart";
import {
  Card,
  count,
  duration,
  FindingsSection,
  Prose,
  reportPage,
  ScrollingTable,
  Section,
  ShareBar,
  utc,
} from "./page";
import { TimelineChart } from "./timelineChart";

/** Renders a report as one page that runs no script and loads nothing. */
export async function htmlReport(unredacted: DeliveryReport): Promise<string> {
  const charting = await loadCharting();
  const report = redactReport(unredacted);
  return reportPage({
    result: report.verdict,
    title: `Amplitude delivery to ${report.streamName} (${report.region})`,
    subject: "Delivery of Amplitude's events",
    sentence: verdictSentence(report),
    facts: <Facts report={report} />,
    version: report.environment.version,
    children: (
      <>
        <FindingsSection findings={report.findings} />
        <ProofSection report={report} />
        <NumbersSection report={report} />
        <LatencySection report={report} charting={charting} />
        <TimelineSection report={report} charting={charting} />
        <ShardsSection {...report} />
        <EnvironmentSection report={report} />
      </>
    ),
  });
}

function Facts({ report }: { report: DeliveryReport }) {
  const { streamName, region, startedAt, durationInSeconds, resumedFrom, resumable, runId, part } = report;
  const resumed = part === null ? runId : `${runId} --part ${partText(part)}`;
  return (
    <>
      <p>
        Stream <code>{streamName}</code> in <code>{region}</code>, tested at{" "}
        <time dateTime={startedAt}>{utc(startedAt)}</time> for {duration(durationInSeconds)}
        {resumedFrom === null ? null : `, resuming a run of ${utc(resumedFrom)}`}
      </p>
      {resumable ? (
        <p>
          Resume it with <code>amplitude-kinesis verify --resume {resumed}</code>
        </p>
      ) : null}
    </>
  );
}

function ProofSection({ report: { proof } }: { report: DeliveryReport }) {
  return (
    <Section id="proof" title="What this proves">
      <div class="columns">
        <div>
          <h3 class="met">Proven</h3>
          {proof.proves.length === 0 ? (
            <p>Nothing: only a verified run proves something.</p>
          ) : (
            <Sentences all={proof.proves} />
          )}
        </div>
        <div>
          <h3 class="undetermined">Not proven</h3>
          {proof.notProven.length === 0 ? <p>Nothing.</p> : <Sentences all={proof.notProven} />}
        </div>
      </div>
    </Section>
  );
}

function Sentences({ all }: { all: string[] }) {
  return (
    <ul>
      {all.map((sentence, index) => (
        <li key={index}>
          <Prose text={sentence} />
        </li>
      ))}
    </ul>
  );
}

function NumbersSection({ report }: { report: DeliveryReport }) {
  const { latencyInSeconds: latency } = report;
  return (
    <Section id="numbers" title="Numbers">
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
        columns={["Count", { number: "Number" }, "Meaning"]}
        rows={rowsOf(report).map(([name, number, meaning]) => [name, count(number), meaning])}
      />
    </Section>
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
function ShardsSection({ shards, route }: Pick<DeliveryReport, "shards" | "route">) {
  return (
    <Section id="shards" title="Shards">
      <p>{coverage(shards)}</p>
      {shards.length === 0 ? null : <ShardTable shards={shards} route={route} />}
    </Section>
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
        "Shard",
        ...(hasAcknowledgements ? [{ number: "Acknowledged" }] : []),
        { number: "Records read" },
        "Share of the maximum",
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

function LatencySection({ report, charting }: { report: DeliveryReport; charting: Charting }) {
  const {
    latencyInSeconds: latency,
    latencyHistogram: histogram,
    acknowledgementInSeconds: acknowledged,
  } = report;
  return (
    <Section id="latency" title="Latency">
      {latency === null || histogram === null ? (
        <p>No latency was measured.</p>
      ) : (
        <LatencyChart latency={latency} distribution={latencyDistribution(histogram)} charting={charting} />
      )}
      {acknowledged === null ? null : (
        <p>
          Kinesis acknowledged half of the events within {duration(acknowledged.p50)}, 95% within{" "}
          {duration(acknowledged.p95)}, 99% within {duration(acknowledged.p99)}, and the slowest within{" "}
          {duration(acknowledged.max)}.
        </p>
      )}
    </Section>
  );
}

function TimelineSection({ report: { timeline }, charting }: { report: DeliveryReport; charting: Charting }) {
  return (
    <Section id="timeline" title="Timeline">
      {timeline.buckets.length === 0 ? (
        <p>No event was sent.</p>
      ) : (
        <TimelineChart timeline={timeline} charting={charting} />
      )}
    </Section>
  );
}

function EnvironmentSection({ report }: { report: DeliveryReport }) {
  const { environment, region, roleArn, route, runId, part } = report;
  const rows: [name: string, value: string][] = [
    ["AWS account", accountOf(report.roleArn)],
    ["Region", region],
    ["Role", roleArn],
    ["Route", route],
    ["Run", part === null ? runId : `${runId}, part ${partText(part)}`],
    ["amplitude-kinesis", environment.version],
    ["Node.js", environment.nodeVersion],
    ["Platform", environment.platform],
  ];
  return (
    <Section id="environment" title="Environment">
      <ScrollingTable
        caption="Environment of the run"
        columns={["Property", "Value"]}
        rows={rows.map(([name, value]) => [name, <code key={name}>{value}</code>])}
      />
    </Section>
  );
}
