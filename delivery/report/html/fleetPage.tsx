import { VERSION } from "../../common/limits";
import type { CustomerResult, FleetReport } from "../../fleet/report";
import {
  countOutcomes,
  fleetSentence,
  redactFleet,
  resourceOf,
  resultText,
  runOf,
  sharedFindings,
  worstCustomersFirst,
} from "../fleet";
import { capitalized, RESULTS, resultName } from "../presentation";
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

/** Renders a report as one page that runs no script and loads nothing. Customers' accounts are redacted. */
export function fleetHtml(report: FleetReport): string {
  const shown = redactFleet(report);
  const { outcome, startedAt, durationInSeconds, customers } = shown;
  const findings = [...shown.findings, ...sharedFindings(customers)];
  return reportPage({
    result: outcome,
    title: fleetSentence(shown),
    subject: "Customers' stacks for Amplitude's events",
    sentence: fleetSentence(shown),
    facts: (
      <p>
        {capitalized(runOf(shown))}, started at <time dateTime={startedAt}>{utc(startedAt)}</time>, finished
        in {duration(durationInSeconds)}
      </p>
    ),
    version: VERSION,
    children: (
      <>
        <TotalsSection customers={customers} />
        <CustomersSection customers={customers} />
        <DriftSection customers={customers} />
        {findings.length === 0 && outcome !== "succeeded" ? null : <FindingsSection findings={findings} />}
      </>
    ),
  });
}

function TotalsSection({ customers }: { customers: CustomerResult[] }) {
  const delivered = sum(customers.map(({ delivery }) => delivery?.eventsDelivered));
  const sent = sum(customers.map(({ delivery }) => delivery?.eventsSent));
  const slowest = Math.max(...customers.map(({ delivery }) => delivery?.latencyInSeconds?.p95 ?? -1));
  return (
    <Section id="totals" title="Totals">
      <dl class="cards">
        <Card title="Customers" value={count(customers.length)} />
        {countOutcomes(customers).map(([outcome, number]) => (
          <Card key={outcome} title={resultName(outcome)} value={count(number)} />
        ))}
        {customers.some(({ delivery }) => delivery !== null) ? (
          <Card title="Events delivered" value={count(delivered)} aside={`of ${count(sent)} sent`} />
        ) : null}
        {slowest >= 0 ? <Card title="Slowest customer's p95" value={duration(slowest)} /> : null}
        {customers.some(({ drift }) => drift !== null) ? (
          <Card
            title="Resources changed by hand"
            value={count(sum(customers.map(({ drift }) => drift?.length)))}
          />
        ) : null}
      </dl>
    </Section>
  );
}

function sum(numbers: (number | undefined)[]): number {
  return numbers.reduce<number>((total, number = 0) => total + number, 0);
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
    <Section id="customers" title="Customers">
      {customers.length === 0 ? (
        <p>The run had no customer.</p>
      ) : (
        <ScrollingTable
          caption={captionOf("Every customer, the worst outcome first", customers)}
          columns={[
            "Customer",
            "Outcome",
            "Result",
            ...(hasDelivery ? [{ number: "Delivered" }, "Latency, p95"] : []),
            { number: "Time" },
          ]}
          rows={worstCustomersFirst(customers)
            .slice(0, MAX_ROWS)
            .map((customer) => [
              <CustomerName key="name" customer={customer} />,
              <span key="outcome" class={RESULTS[customer.outcome].style}>
                <span class="name">{`${RESULTS[customer.outcome].sign} ${resultName(customer.outcome)}`}</span>
              </span>,
              <Result key="result" customer={customer} />,
              ...(hasDelivery
                ? [delivered(customer), <Latency key="latency" customer={customer} slowest={slowest} />]
                : []),
              customer.startedAt === null ? "–" : duration(customer.durationInSeconds),
            ])}
        />
      )}
    </Section>
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
    <Section id="drift" title="Changed by hand">
      {rows.length === 0 ? (
        <p>No resource differs from its stack.</p>
      ) : (
        <ScrollingTable
          caption={captionOf("Resources that differ from their stack", rows)}
          columns={["Customer", "Resource", "Change"]}
          rows={rows
            .slice(0, MAX_ROWS)
            .map(({ stack, urn, change, properties }) => [
              <code key="stack">{stack}</code>,
              <code key="urn">{resourceOf(urn)}</code>,
              change === "delete" ? "deleted" : <Changed key="changed" properties={properties} />,
            ])}
        />
      )}
    </Section>
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
