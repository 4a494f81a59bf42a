import { createHash } from "node:crypto";
import type { Handoff, HandoffField } from ".";
import { SCRIPT, STYLE } from "./htmlAssets";

/**
 * One page that needs nothing else: no network, no other file. It may run its own script and style and nothing else,
 * by their hashes in its content security policy.
 */
export function handoffHtml({ fields, steps, notes }: Handoff): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>Amplitude: set up the Kinesis destination</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Set up the Kinesis destination in Amplitude</h1>
<p class="lead">Three values, in the order of Amplitude's form. Copy each exactly as it stands here.</p>
<dl>
${fields.map(fieldHtml).join("\n")}
</dl>
<p id="told" role="status"></p>
<h2>What to do in Amplitude</h2>
<ol>
${steps.map((step) => `<li>${escaped(step)}</li>`).join("\n")}
</ol>
<h2>Worth knowing</h2>
<ul>
${notes.map((note) => `<li>${escaped(note)}</li>`).join("\n")}
</ul>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function fieldHtml({ label, output, value }: HandoffField): string {
  return `<div class="field">
<dt id="label-${output}">${escaped(label)}</dt>
<dd><code id="${output}">${escaped(value)}</code><button type="button" data-copy="${output}" aria-label="Copy ${escaped(label)}">Copy</button></dd>
</div>`;
}

const POLICY = `default-src 'none'; script-src '${hashOf(SCRIPT)}'; style-src '${hashOf(STYLE)}'; base-uri 'none'; form-action 'none'`;

function hashOf(content: string): string {
  return `sha256-${createHash("sha256").update(content).digest("base64")}`;
}

function escaped(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
