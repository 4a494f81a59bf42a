import type { Verdict } from "../../common/findings";
import { renderPage } from "../../common/htmlPage";
import { VERSION } from "../../common/limits";
import type { CustomerOutcome, CustomerResult, FleetReport } from "../../fleet/report";
import {
  countOutcomes,
  fleetSentence,
  OUTCOME_WORDS,
  redactFleet,
  resourceOf,
  resultText,
  runOf,
  sharedFindings,
  worstCustomersFirst,
} from "../fleet";
import { capitalized } from "../markdown";
import { count, duration, utc } from "./formats";
import { Card, FindingsSection, Prose, ShareBar } from "./sections";
import { STYLES } from "./styles";
import { ScrollingTable } from "./table";

const SIGNS: Record<CustomerOutcome, string> = {
  succeeded: "✓",
  failed: "✗",
  undecided: "?",
  interrupted: "■",
  "not-started": "–",
};
/** Style of an outcome, which it shares with a run's verdict. */
const CLASSES: Record<CustomerOutcome, Verdict> = {
  succeeded: "verified",
  failed: "failed",
  undecided: "undecided",
  interrupted: "undecided",
  "not-started": "undecided",
};

function nameOf(outcome: CustomerOutcome): string {
  return `${SIGNS[outcome]} ${capitalized(OUTCOME_WORDS[outcome])}`;
}

/** Renders a report as one page that runs no script and loads nothing. Customers' accounts are redacted. */
export function fleetHtml(report: FleetReport): string {
  const shown = redactFleet(report);
  const title = `${nameOf(shown.outcome)}: ${fleetSentence(shown)}`;
  return renderPage({ title, styles: STYLES, children: <Body report={shown} /> });
}

/** @param report A redacted report. */
function Body({ report }: { report: FleetReport }) {
  const { outcome, startedAt, durationInSeconds, customers } = report;
  const findings = [...report.findings, ...sharedFindings(customers)];
  return (
    <>
      <header class={CLASSES[outcome]}>
        <p class="quiet">Customers' stacks for Amplitude's events</p>
        <h1>
          <span class="name">{nameOf(outcome)}:</span> {fleetSentence(report)}
        </h1>
        <p>
          {capitalized(runOf(report))}, started at <time dateTime={startedAt}>{utc(startedAt)}</time>,
          finished in {duration(durationInSeconds)}
        </p>
      </header>
      <main>
        <TotalsSection customers={customers} />
        <CustomersSection customers={customers} />
        <DriftSection customers={customers} />
        {findings.length === 0 && outcome !== "succeeded" ? null : <FindingsSection findings={findings} />}
      </main>
      <footer>
        <p>Written by amplitude-kinesis {VERSION}. This page runs no script and loads nothing.</p>
      </footer>
    </>
  );
}

function TotalsSection({ customers }: { customers: CustomerResult[] }) {
  const delivered = sum(customers, ({ delivery }) => delivery?.eventsDelivered);
  const sent = sum(customers, ({ delivery }) => delivery?.eventsSent);
  const slowest = Math.max(...customers.map(({ delivery }) => delivery?.latencyInSeconds?.p95 ?? -1));
  return (
    <section aria-labelledby="totals">
      <h2 id="totals">Totals</h2>
      <dl class="cards">
        <Card title="Customers" value={count(customers.length)} />
        {countOutcomes(customers).map(([outcome, number]) => (
          <Card key={outcome} title={capitalized(OUTCOME_WORDS[outcome])} value={count(number)} />
        ))}
        {customers.some(({ delivery }) => delivery !== null) ? (
          <Card title="Events delivered" value={count(delivered)} aside={`of ${count(sent)} sent`} />
        ) : null}
        {slowest >= 0 ? <Card title="Slowest customer's p95" value={duration(slowest)} /> : null}
        {customers.some(({ drift }) => drift !== null) ? (
          <Card
            title="Resources changed by hand"
            value={count(sum(customers, ({ drift }) => drift?.length))}
          />
        ) : null}
      </dl>
    </section>
  );
}

function sum(
  customers: CustomerResult[],
  numberOf: (customer: CustomerResult) => number | undefined,
): number {
  return customers.reduce((total, customer) => total + (numberOf(customer) ?? 0), 0);
}

/** Rows of a table. report.json lists all. */
const MAX_ROWS = 1_000;

function captionOf(what: string, all: unknown[]): string {
  return all.length <= MAX_ROWS
    ? what
    : `${what}: the first ${count(MAX_ROWS)} of ${count(all.length)}. report.json lists all`;
}

function CustomersSection({ customers }: { customers: CustomerResult[] }) {
  const hasDelivery = customers.some(({ delivery }) => delivery !== null);
  const slowest = Math.max(0, ...customers.map(({ delivery }) => delivery?.latencyInSeconds?.p95 ?? 0));
  return (
    <section aria-labelledby="customers">
      <h2 id="customers">Customers</h2>
      {customers.length === 0 ? (
        <p>The run had no customer.</p>
      ) : (
        <ScrollingTable
          caption={captionOf("Every customer, the worst outcome first", customers)}
          columns={[
            { title: "Customer" },
            { title: "Outcome" },
            { title: "Result" },
            ...(hasDelivery ? [{ title: "Delivered", isNumber: true }, { title: "Latency, p95" }] : []),
            { title: "Time", isNumber: true },
          ]}
          rows={worstCustomersFirst(customers)
            .slice(0, MAX_ROWS)
            .map((customer) => [
              <CustomerName key="name" customer={customer} />,
              <span key="outcome" class={CLASSES[customer.outcome]}>
                <span class="name">{nameOf(customer.outcome)}</span>
              </span>,
              <Result key="result" customer={customer} />,
              ...(hasDelivery
                ? [delivered(customer), <Latency key="latency" customer={customer} slowest={slowest} />]
                : []),
              customer.startedAt === null ? "–" : duration(customer.durationInSeconds),
            ])}
        />
      )}
    </section>
  );
}

function CustomerName({ customer: { stack, accountId, region } }: { customer: CustomerResult }) {
  return (
    <>
      <code>{stack}</code>
      {[accountId, region].map((place) => place && <span class="aside">{place}</span>)}
    </>
  );
}

function Result({ customer }: { customer: CustomerResult }) {
  const { cause, remedy, log } = customer;
  // The columns beside it show the delivery.
  const result = resultText({ ...customer, delivery: null });
  return (
    <>
      <Prose text={result} />
      {cause === null || remedy === null ? null : (
        <span class="aside">
          Remedy: <Prose text={remedy} />
        </span>
      )}
      {cause === null || log === null ? null : (
        <span class="aside">
          Log: <code>{log}</code>
        </span>
      )}
    </>
  );
}

function delivered({ delivery }: CustomerResult): string {
  return delivery === null ? "–" : `${count(delivery.eventsDelivered)} of ${count(delivery.eventsSent)}`;
}

function Latency({ customer: { delivery }, slowest }: { customer: CustomerResult; slowest: number }) {
  const p95 = delivery?.latencyInSeconds?.p95;
  if (p95 === undefined) return <>–</>;
  return (
    <>
      {duration(p95)}
      <ShareBar width={72} percent={slowest === 0 ? 0 : Math.round((100 * p95) / slowest)} />
    </>
  );
}

function DriftSection({ customers }: { customers: CustomerResult[] }) {
  const rows = customers.flatMap(({ stack, drift }) =>
    (drift ?? []).map((resource) => ({ stack, ...resource })),
  );
  if (customers.every(({ drift }) => drift === null)) return null;
  return (
    <section aria-labelledby="drift">
      <h2 id="drift">Changed by hand</h2>
      {rows.length === 0 ? (
        <p>No resource differs from its stack.</p>
      ) : (
        <ScrollingTable
          caption={captionOf("Resources that differ from their stack", rows)}
          columns={[{ title: "Customer" }, { title: "Resource" }, { title: "Change" }]}
          rows={rows
            .slice(0, MAX_ROWS)
            .map(({ stack, urn, change, properties }) => [
              <code key="stack">{stack}</code>,
              <code key="urn">{resourceOf(urn)}</code>,
              change === "delete" ? "deleted" : <Changed key="changed" properties={properties} />,
            ])}
        />
      )}
    </section>
  );
}

function Changed({ properties }: { properties: string[] }) {
  return (
    <>
      {properties.map((property, index) => (
        <>
          {index === 0 ? "" : ", "}
          <code key={property}>{property}</code>
        </>
      ))}
    </>
  );
}
