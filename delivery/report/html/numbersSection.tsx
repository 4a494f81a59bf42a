import type { DeliveryReport } from "../../verify/report";
import { deliveredPercent } from "../verdictSentence";
import { count, duration } from "./formats";
import { ScrollingTable } from "./table";

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
          aside={`${deliveredPercent(report)} %`}
        />
        <Card title="Not delivered" value={count(report.eventsNotDelivered)} />
        <Card title="Corrupted" value={count(report.eventsCorrupted)} />
        <Card title="Unknown" value={count(report.eventsUnknown)} />
        <Card title="Latency, p95" value={latency === null ? "none measured" : duration(latency.p95)} />
      </dl>
      <ScrollingTable
        caption="What became of the events"
        columns={[{ title: "Count" }, { title: "Number", isNumber: true }, { title: "Meaning" }]}
        rows={rowsOf(report).map(([name, number, meaning]) => [name, count(number), meaning])}
      />
    </section>
  );
}

function Card({ title, value, aside }: { title: string; value: string; aside?: string }) {
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

/** What the counts mean depends on whom the events are sent to, and on what is compared. */
function meaningsOf({ route }: DeliveryReport) {
  return route === "amplitude"
    ? {
        acknowledged: "Amplitude's API accepted them",
        delivered: "read back with the fields that were sent",
        refused: "not delivered: Amplitude's API refused them",
        corrupted: "read back with other fields",
      }
    : {
        acknowledged: "Kinesis said that it has them",
        delivered: "read back with exactly the bytes that were sent",
        refused: "not delivered: no attempt wrote them",
        corrupted: "read back with other bytes",
      };
}

function rowsOf(report: DeliveryReport): NumberRow[] {
  const means = meaningsOf(report);
  return [
    ["Sent", report.eventsSent, "tried at least once, or refused before they could be"],
    ["Acknowledged", report.eventsAcknowledged, means.acknowledged],
    ["Delivered", report.eventsDelivered, means.delivered],
    ["Refused", report.eventsRefused, means.refused],
    ["Lost", report.eventsLost, "not delivered: acknowledged, and absent after two full readings"],
    [
      "Unanswered",
      report.eventsUnanswered,
      "not delivered: no clear answer, and absent after two full readings",
    ],
    ["Corrupted", report.eventsCorrupted, means.corrupted],
    ["Unknown", report.eventsUnknown, "sending or reading could not be finished"],
    ["Duplicates", report.eventsDuplicated, "copies beyond the first, of any event"],
    [
      "Unexplained duplicates",
      report.duplicatesUnexplained,
      "of events that were sent once and acknowledged",
    ],
    ["Seen though refused", report.eventsSeenThoughRefused, "in the stream though every attempt was refused"],
    ["Others' records", report.recordsForeign, "not of this run: counted and left alone"],
  ];
}
