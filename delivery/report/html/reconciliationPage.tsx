import type { EventOutcomes, ReconcileReport } from "../../reconcile/report";
import { capitalized, redactReport } from "../presentation";
import { OUTCOME_COLUMNS, reconciliationNumbers, reconciliationSentence } from "../reconciliation";
import { count, duration, FindingsSection, reportPage, ScrollingTable, Section, utc } from "./page";

/** Renders a report as one page that runs no script and loads nothing. */
export function reconciliationHtml(report: ReconcileReport): string {
  const shown = redactReport(report);
  const { verdict, streamName, region, startedAt, durationInSeconds, from, to, version } = shown;
  return reportPage({
    result: verdict,
    title: `Amplitude reconciliation of ${streamName} (${region})`,
    subject: "Amplitude's export and the stream",
    sentence: reconciliationSentence(shown),
    facts: (
      <p>
        Stream <code>{streamName}</code> in <code>{region}</code>, hours <code>{from}</code> to{" "}
        <code>{to}</code>, compared at <time dateTime={startedAt}>{utc(startedAt)}</time> in{" "}
        {duration(durationInSeconds)}
      </p>
    ),
    version,
    children: <Sections report={shown} />,
  });
}

function Sections({ report }: { report: ReconcileReport }) {
  const { findings, hours, eventTypes, differences } = report;
  return (
    <>
      <FindingsSection findings={findings} />
      <Section id="numbers" title="Numbers">
        <ScrollingTable
          caption="Comparison of the two records"
          columns={["Count", "Value"]}
          rows={reconciliationNumbers(report)}
        />
      </Section>
      <Section id="hours" title="Hours">
        <OutcomesTable
          what="hour"
          all={hours}
          nameOf={({ hour, verdict }) => (
            <>
              <code>{hour}</code> {verdict}
            </>
          )}
        />
      </Section>
      <Section id="types" title="Event types">
        <OutcomesTable
          what="event type"
          all={eventTypes}
          nameOf={({ eventType }) => <code>{eventType}</code>}
        />
      </Section>
      {differences.length === 0 ? null : <DifferencesSection differences={differences} />}
    </>
  );
}

/** Rows of a table. report.json lists all. */
const MAX_ROWS = 1_000;

interface Outcomes<Row> {
  /** Name of a row. */
  what: string;
  all: Row[];
  nameOf: (row: Row) => preact.JSX.Element;
}

function OutcomesTable<Row extends EventOutcomes>({ what, all, nameOf }: Outcomes<Row>) {
  const shown = all.slice(0, MAX_ROWS);
  if (shown.length === 0) return <p>None.</p>;
  const more = `First ${shown.length} of ${all.length}. report.json lists all`;
  return (
    <ScrollingTable
      caption={shown.length === all.length ? `Outcomes per ${what}` : more}
      columns={[capitalized(what), ...OUTCOME_COLUMNS.map(([title]) => ({ number: title }))]}
      rows={shown.map((row) => [nameOf(row), ...OUTCOME_COLUMNS.map(([, field]) => count(row[field]))])}
    />
  );
}

function DifferencesSection({ differences }: Pick<ReconcileReport, "differences">) {
  return (
    <Section id="differences" title="Different fields">
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
    </Section>
  );
}
