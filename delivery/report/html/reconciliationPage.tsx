import { renderPage } from "../../common/htmlPage";
import type { EventOutcomes, ReconcileReport, ReconcileVerdict } from "../../reconcile/report";
import { capitalized, redactReport } from "../presentation";
import { OUTCOME_COLUMNS, reconciliationNumbers, reconciliationSentence } from "../reconciliation";
import { count, duration, FindingsSection, ScrollingTable, STYLES, utc } from "./page";

const NAMES: Record<ReconcileVerdict, string> = {
  complete: "✓ Complete",
  incomplete: "✗ Incomplete",
  undecided: "? Undecided",
};
/** Style of the header, which it shares with a run's verdict. */
const CLASSES: Record<ReconcileVerdict, string> = {
  complete: "verified",
  incomplete: "failed",
  undecided: "undecided",
};

/** Renders a report as one page that runs no script and loads nothing. */
export function reconciliationHtml(report: ReconcileReport): string {
  const shown = redactReport(report);
  const title = `${NAMES[shown.verdict]}: Amplitude reconciliation of ${shown.streamName} (${shown.region})`;
  return renderPage({ title, styles: STYLES, children: <Body report={shown} /> });
}

function Body({ report }: { report: ReconcileReport }) {
  const { verdict, streamName, region, startedAt, durationInSeconds, from, to, hours, eventTypes } = report;
  return (
    <>
      <header class={CLASSES[verdict]}>
        <p class="quiet">Amplitude's export and the stream</p>
        <h1>
          <span class="name">{NAMES[verdict]}:</span> {reconciliationSentence(report)}
        </h1>
        <p>
          Stream <code>{streamName}</code> in <code>{region}</code>, hours <code>{from}</code> to{" "}
          <code>{to}</code>, compared at <time dateTime={startedAt}>{utc(startedAt)}</time> in{" "}
          {duration(durationInSeconds)}
        </p>
      </header>
      <main>
        <FindingsSection findings={report.findings} />
        <NumbersSection report={report} />
        <OutcomesSection
          id="hours"
          title="Hours"
          what="hour"
          all={hours}
          nameOf={({ hour, verdict }) => (
            <>
              <code>{hour}</code> {verdict}
            </>
          )}
        />
        <OutcomesSection
          id="types"
          title="Event types"
          what="event type"
          all={eventTypes}
          nameOf={({ eventType }) => <code>{eventType}</code>}
        />
        <DifferencesSection report={report} />
      </main>
      <footer>
        <p>Written by amplitude-kinesis {report.version}. This page runs no script and loads nothing.</p>
      </footer>
    </>
  );
}

function NumbersSection({ report }: { report: ReconcileReport }) {
  return (
    <section aria-labelledby="numbers">
      <h2 id="numbers">Numbers</h2>
      <ScrollingTable
        caption="Comparison of the two records"
        columns={["Count", "Value"]}
        rows={reconciliationNumbers(report)}
      />
    </section>
  );
}

/** Rows of a table. report.json lists all. */
const MAX_ROWS = 1_000;

interface Outcomes<Row> {
  id: string;
  title: string;
  /** Name of a row. */
  what: string;
  all: Row[];
  nameOf: (row: Row) => preact.JSX.Element;
}

function OutcomesSection<Row extends EventOutcomes>({ id, title, what, all, nameOf }: Outcomes<Row>) {
  const shown = all.slice(0, MAX_ROWS);
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {shown.length === 0 ? (
        <p>None.</p>
      ) : (
        <ScrollingTable
          caption={
            shown.length === all.length
              ? `Outcomes per ${what}`
              : `First ${shown.length} of ${all.length}. report.json lists all`
          }
          columns={[capitalized(what), ...OUTCOME_COLUMNS.map(([title]) => ({ number: title }))]}
          rows={shown.map((row) => [nameOf(row), ...OUTCOME_COLUMNS.map(([, field]) => count(row[field]))])}
        />
      )}
    </section>
  );
}

function DifferencesSection({ report: { differences } }: { report: ReconcileReport }) {
  if (differences.length === 0) return null;
  return (
    <section aria-labelledby="differences">
      <h2 id="differences">Different fields</h2>
      <ScrollingTable
        caption="Fields that differ, with one redacted value each"
        columns={["Field", { number: "Events" }, "In the export", "In the stream"]}
        rows={differences.map(({ field, count: events, sample: [exported, streamed] }) => [
          <code key="field">{field}</code>,
          count(events),
          <code key="exported">{exported}</code>,
          <code key="streamed">{streamed}</code>,
        ])}
      />
    </section>
  );
}
