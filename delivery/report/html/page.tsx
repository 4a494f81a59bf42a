import type { ComponentChildren } from "preact";
import { bySeverity, type Finding, type Severity } from "../../common/findings";
import { renderPage } from "../../common/htmlPage";
import { codeSpans, RESULTS, type Result, resultName } from "../presentation";
import { round } from "./charting";

/** A redacted report as a page. */
export interface ReportPage {
  result: Result;
  /** Title of the page, after the result's name. */
  title: string;
  /** Subject of the report, above the result. */
  subject: string;
  /** Sentence that follows the result's name. */
  sentence: string;
  /** Paragraphs below the sentence. */
  facts: ComponentChildren;
  /** Version that made the report. */
  version: string;
  children: ComponentChildren;
}

/** Renders one page that runs no script and loads nothing. */
export function reportPage({
  result,
  title,
  subject,
  sentence,
  facts,
  version,
  children,
}: ReportPage): string {
  const name = `${RESULTS[result].sign} ${resultName(result)}`;
  const body = (
    <>
      <header class={RESULTS[result].style}>
        <p class="quiet">{subject}</p>
        <h1>
          <span class="name">{name}:</span> {sentence}
        </h1>
        {facts}
      </header>
      <main>{children}</main>
      <footer>
        <p>Written by amplitude-kinesis {version}. This page runs no script and loads nothing.</p>
      </footer>
    </>
  );
  return renderPage({ title: `${name}: ${title}`, styles: STYLES, children: body });
}

export function Section({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

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
    <Section id="findings" title={findings.length === 0 ? "Findings" : `Findings (${findings.length})`}>
      {findings.length === 0 ? <p>No problem was found.</p> : null}
      {bySeverity(findings).map((finding, index) => (
        <FindingCard key={index} finding={finding} />
      ))}
    </Section>
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

export function ShareBar({ percent, width = 120 }: { percent: number; width?: number }) {
  return (
    <svg width={width} height="18" role="img" aria-label={`${percent}%`}>
      <rect class="read" width={round((width * percent) / 100)} height="12" y="3" />
    </svg>
  );
}

/** Title of a column, or of a column of numbers. */
export type Column = string | { number: string };

/** The keyboard must reach a scrolling region (WCAG 2.1.1). */
const FOCUSABLE = { tabIndex: 0 };

/** A table that scrolls sideways if it is too wide. Its first column names the rows. */
export function ScrollingTable({
  caption,
  columns,
  rows,
}: {
  caption: string;
  columns: Column[];
  rows: ComponentChildren[][];
}) {
  return (
    <section class="scroll" aria-label={caption} {...FOCUSABLE}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={index} scope="col" class={classOf(column)}>
                {typeof column === "string" ? column : column.number}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, index) =>
                index === 0 ? (
                  <th key={index} scope="row" class={classOf(columns[0])}>
                    {cell}
                  </th>
                ) : (
                  <td key={index} class={classOf(columns[index])}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function classOf(column: Column | undefined): string | undefined {
  return typeof column === "object" ? "number" : undefined;
}

const COUNT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const SHORT_COUNT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const THREE_DIGITS = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

/** Formats a count, such as `12,345`. */
export function count(number: number): string {
  return COUNT.format(number);
}

/** Formats a count for a chart's axis, such as `12.3K`. */
export function shortCount(number: number): string {
  return SHORT_COUNT.format(number);
}

/** Formats seconds to three digits in a suitable unit: `250 ms`, `1.25 s`, `3 min`, `2 h`. */
export function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${THREE_DIGITS.format(seconds * 1000)} ms`;
  if (seconds < 120) return `${THREE_DIGITS.format(seconds)} s`;
  if (seconds < 7_200) return `${THREE_DIGITS.format(seconds / 60)} min`;
  return `${THREE_DIGITS.format(seconds / 3_600)} h`;
}

/** Formats an ISO 8601 time in UTC as `2026-01-05 00:00:00 UTC`. */
export function utc(time: string): string {
  return `${time.slice(0, 19).replace("T", " ")} UTC`;
}

/**
 * The style sheet of the page. It has none of the characters that HTML escapes (`"`, `&`, `<`), because browsers don't
 * unescape a `style` element, and the content security policy allows exactly this text by its hash.
 */
export const STYLES = `
:root { color-scheme: light dark; --paper: #fff; --card: #f6f8fa; --ink: #1f2328; --quiet: #57606a; --line: #d0d7de;
  --verified: #116329; --failed: #b3141f; --undecided: #7d4e00; --sent: #0969da; --acknowledged: #8250df; --read: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --card: #161b22; --ink: #e6edf3; --quiet: #9ea7b3;
  --line: #3d444d; --verified: #56d364; --failed: #ff7b72; --undecided: #e3b341; --sent: #58a6ff; --acknowledged: #bc8cff;
  --read: #3fb950; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: .25rem 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .35rem; }
p { margin: .35rem 0; }
code { font: .9em ui-monospace, monospace; unicode-bidi: isolate; }
ul { margin: .35rem 0; padding-left: 1.25rem; }
.quiet, footer { color: var(--quiet); }
header { border: 1px solid var(--line); border-left: .5rem solid; border-radius: .5rem; padding: 1rem 1.25rem; background: var(--card); }
header.verified { border-left-color: var(--verified); }
header.failed { border-left-color: var(--failed); }
header.undecided { border-left-color: var(--undecided); }
.verified .name, .met { color: var(--verified); }
.failed .name, .error { color: var(--failed); }
.undecided .name, .undetermined, .warning { color: var(--undecided); }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
.cards { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; margin: 0 0 1rem; }
.card, .finding { border: 1px solid var(--line); border-radius: .5rem; padding: .65rem .75rem; background: var(--card); }
.card dt { color: var(--quiet); font-size: .9rem; }
.card dd { margin: 0; font-size: 1.15rem; font-weight: 600; overflow-wrap: normal; }
.aside { display: block; font-size: .9rem; font-weight: 400; color: var(--quiet); }
td .name { white-space: nowrap; }
td .aside, th .aside { font-size: .9em; overflow-wrap: anywhere; }
.finding { margin: .75rem 0; white-space: pre-line; }
.finding dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem .75rem; margin: .5rem 0 0; }
.finding dt { color: var(--quiet); }
.finding dd { margin: 0; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 3px solid var(--sent); outline-offset: 2px; }
table { border-collapse: collapse; min-width: min(100%, 26rem); font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); padding: .25rem 0; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; }
th, td { overflow-wrap: normal; }
thead th, th code { white-space: nowrap; }
td code { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; padding-right: 1.5rem; }
figure { margin: 0; }
figcaption { margin: .35rem 0; }
summary { cursor: pointer; padding: .35rem 0; }
svg { display: block; max-width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--quiet); }
svg .label { fill: var(--ink); font-weight: 600; }
svg .grid { stroke: var(--line); }
svg .axis { stroke: var(--quiet); }
svg .mark { stroke: var(--ink); stroke-dasharray: 4 3; }
svg .sent { fill: var(--sent); }
svg .acknowledged { fill: var(--acknowledged); }
svg .read { fill: var(--read); }
.narrow { display: none; }
@media (max-width: 47rem) { .wide { display: none; } .narrow { display: block; } h1 { font-size: 1.4rem; }
  .cards { grid-template-columns: repeat(2, 1fr); }
  table { font-size: .8rem; } th, td, td.number, th.number { padding-right: .5rem; } .finding dl { grid-template-columns: 1fr; } .finding dd { margin-bottom: .35rem; } }
@media print { :root { color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --quiet: #454c54; --line: #b6bec7;
  --verified: #116329; --failed: #b3141f; --undecided: #7d4e00; --sent: #0969da; --acknowledged: #8250df; --read: #1a7f37; }
  * { print-color-adjust: exact; } body { max-width: none; padding: 0; font-size: 10.5pt; } .wide { display: block; }
  .narrow { display: none; } h2 { break-after: avoid; margin-top: 1.5rem; } figcaption { break-after: avoid; } svg, .card, header { break-inside: avoid; }
  tr, .finding { break-inside: avoid; } .scroll { overflow: visible; } details:not([open]) { display: none; } }
`;
