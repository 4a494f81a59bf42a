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
