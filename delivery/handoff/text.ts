import type { Handoff } from ".";

/** Returns text for a terminal, without a line break at its end. Each value ends its line, so that it can be selected whole. */
export function handoffText({ fields, steps, notes }: Handoff): string {
  const width = Math.max(...fields.map(({ label }) => label.length)) + 2;
  return [
    "Values for Amplitude's form, in its order:",
    "",
    ...fields.map(({ label, value }) => `  ${label.padEnd(width)}${value}`),
    "",
    "Steps in Amplitude:",
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    "",
    "Notes:",
    ...notes.map((note) => `  - ${note}`),
  ].join("\n");
}

/** Returns Markdown for a ticket or a pull request, without a line break at its end. */
export function handoffMarkdown({ fields, steps, notes }: Handoff): string {
  return [
    "## Amplitude: Kinesis destination",
    "",
    "| Amplitude's field | value |",
    "|---|---|",
    ...fields.map(({ label, value }) => `| ${label} | \`${value}\` |`),
    "",
    ...steps.map((step, index) => `${index + 1}. ${step}`),
    "",
    ...notes.map((note) => `- ${note}`),
  ].join("\n");
}

/** Renders one HTML page with copy buttons. Preact is loaded only here, because it slows down every command's start. */
export function handoffHtml(handoff: Handoff): string {
  const { handoffPage }: typeof import("./html") = require("./html");
  return handoffPage(handoff);
}
