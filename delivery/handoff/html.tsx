import { renderPage } from "../common/htmlPage";
import type { Handoff, HandoffField } from ".";

/** Renders one page with the values, their copy buttons, and the steps. */
export function handoffPage({ fields, steps, notes }: Handoff): string {
  const title = "Amplitude: set up the Kinesis destination";
  const children = (
    <main>
      <h1>Set up the Kinesis destination in Amplitude</h1>
      <p class="lead">Three values, in the order of Amplitude's form. Copy each value exactly.</p>
      <dl>
        {fields.map((field) => (
          <Field key={field.output} field={field} />
        ))}
      </dl>
      <p id="status" role="status" />
      <h2>Steps in Amplitude</h2>
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <h2>Notes</h2>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
    </main>
  );
  return renderPage({ title, styles: STYLES, script: SCRIPT, children });
}

function Field({ field: { label, output, value } }: { field: HandoffField }) {
  return (
    <div class="field">
      <dt id={`label-${output}`}>{label}</dt>
      <dd>
        <code id={output}>{value}</code>
        <button type="button" data-copy={output} aria-label={`Copy ${label}`}>
          Copy
        </button>
      </dd>
    </div>
  );
}

/** The colors have WCAG AA contrast in both themes. Buttons are at least 44 px high. */
const STYLES = `
:root { color-scheme: light dark; --text: #1b1f24; --soft: #4b5560; --page: #f6f7f9; --card: #ffffff; --line: #d0d5dc; --act: #0b57d0; --on-act: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8eaed; --soft: #b3bac4; --page: #15181c; --card: #1f2329; --line: #3c434c; --act: #8ab4f8; --on-act: #10151c; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.lead { color: var(--soft); margin: 0 0 1.25rem; }
dl { margin: 0; display: grid; gap: .75rem; }
.field { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem 1rem; }
dt { font-weight: 600; }
dd { margin: .35rem 0 0; display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; }
code { flex: 1 1 12rem; font: .95rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; }
button { min-height: 2.75rem; min-width: 5.5rem; padding: 0 1rem; border: 0; border-radius: .5rem; background: var(--act); color: var(--on-act); font: inherit; font-weight: 600; cursor: pointer; }
button:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
#status { min-height: 1.5rem; margin: .75rem 0 0; color: var(--soft); }
ol, ul { margin: 0; padding-left: 1.4rem; }
li + li { margin-top: .35rem; }
@media print {
  :root { --text: #000; --soft: #333; --page: #fff; --card: #fff; --line: #999; }
  button, #status { display: none; }
}
`;

/** Selects the value if the clipboard is unavailable, as in an old browser or on a page from plain HTTP. */
const SCRIPT = `
for (const button of document.querySelectorAll('button[data-copy]')) {
  button.addEventListener('click', async () => {
    const value = document.getElementById(button.dataset.copy);
    const label = document.getElementById('label-' + button.dataset.copy).textContent;
    const status = document.getElementById('status');
    try {
      await navigator.clipboard.writeText(value.textContent);
      status.textContent = label + ' is copied.';
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    } catch {
      getSelection().selectAllChildren(value);
      status.textContent = label + ' is selected: copy it with Ctrl+C or Cmd+C.';
    }
  });
}
`;
