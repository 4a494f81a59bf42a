import { accountOf } from "../../common/arn";
import type { Verdict } from "../../common/findings";
import { renderPage } from "../../common/htmlPage";
import { partText } from "../../common/part";
import type { DeliveryReport } from "../../verify/report";
import { latencyDistribution } from "../latencyDistribution";
import { verdictSentence } from "../presentation";
import { redactReport } from "../redactReport";
import { type Charting, loadCharting } from "./charting";
import { duration, utc } from "./formats";
import { LatencyChart } from "./latencyChart";
import { FindingsSection, NumbersSection, Prose, ShardsSection } from "./sections";
import { STYLES } from "./styles";
import { ScrollingTable } from "./table";
import { TimelineChart } from "./timelineChart";

/** Renders a report as one page that runs no script and loads nothing. */
export async function htmlReport(report: DeliveryReport): Promise<string> {
  const charting = await loadCharting();
  const redacted = redactReport(report);
  const title = `${NAMES[report.verdict]}: Amplitude delivery to ${redacted.streamName} (${redacted.region})`;
  return renderPage({ title, styles: STYLES, children: <Body report={redacted} charting={charting} /> });
}

const NAMES: Record<Verdict, string> = {
  verified: "✓ Verified",
  failed: "✗ Failed",
  undecided: "? Undecided",
};

/** @param report A redacted report. */
function Body({ report, charting }: { report: DeliveryReport; charting: Charting }) {
  return (
    <>
      <VerdictHeader report={report} />
      <main>
        <FindingsSection findings={report.findings} />
        <ProofSection report={report} />
        <NumbersSection report={report} />
        <LatencySection report={report} charting={charting} />
        <TimelineSection report={report} charting={charting} />
        <ShardsSection {...report} />
        <EnvironmentSection report={report} />
      </main>
      <footer>
        <p>
          Written by amplitude-kinesis {report.environment.version}. This page runs no script and loads
          nothing.
        </p>
      </footer>
    </>
  );
}

function VerdictHeader({ report }: { report: DeliveryReport }) {
  const { verdict, streamName, region, startedAt, durationInSeconds, resumedFrom, resumable, runId, part } =
    report;
  const resumed = part === null ? runId : `${runId} --part ${partText(part)}`;
  return (
    <header class={verdict}>
      <p class="quiet">Delivery of Amplitude's events</p>
      <h1>
        <span class="name">{NAMES[verdict]}:</span> {verdictSentence(report)}
      </h1>
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
    </header>
  );
}

function ProofSection({ report: { proof } }: { report: DeliveryReport }) {
  return (
    <section aria-labelledby="proof">
      <h2 id="proof">What this proves</h2>
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
    </section>
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

function LatencySection({ report, charting }: { report: DeliveryReport; charting: Charting }) {
  const {
    latencyInSeconds: latency,
    latencyHistogram: histogram,
    acknowledgementInSeconds: acknowledged,
  } = report;
  return (
    <section aria-labelledby="latency">
      <h2 id="latency">Latency</h2>
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
    </section>
  );
}

function TimelineSection({ report: { timeline }, charting }: { report: DeliveryReport; charting: Charting }) {
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {timeline.buckets.length === 0 ? (
        <p>No event was sent.</p>
      ) : (
        <TimelineChart timeline={timeline} charting={charting} />
      )}
    </section>
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
    <section aria-labelledby="environment">
      <h2 id="environment">Environment</h2>
      <ScrollingTable
        caption="Environment of the run"
        columns={[{ title: "Property" }, { title: "Value" }]}
        rows={rows.map(([name, value]) => [name, <code key={name}>{value}</code>])}
      />
    </section>
  );
}
