import { DOCUMENTED_P95_SECONDS } from "../common/limits";
import type { StackOutputs } from "../common/outputs";

/** One field of Amplitude's form. */
export interface HandoffField {
  /** Name in Amplitude's documentation. */
  label: string;
  /** Output of the stack that fills it. */
  output: "roleArn" | "region" | "streamName";
  /** Value to enter. */
  value: string;
}

/** Values and steps for the person who sets up Amplitude. Nothing in it is secret. */
export interface Handoff {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  handoffVersion: 1;
  /** Fields in the order of Amplitude's form. */
  fields: HandoffField[];
  /** Steps, in order. */
  steps: string[];
  /** Facts worth knowing before the first step. */
  notes: string[];
}

/** Returns the values and steps. Source: Amplitude, "Kinesis Data Stream Event Streaming", Amplitude setup. */
export function handoffOf({ region, streamName, roleArn }: StackOutputs): Handoff {
  return {
    handoffVersion: 1,
    fields: [
      { label: "AWS region", output: "region", value: region },
      { label: "Stream name", output: "streamName", value: streamName },
      { label: "Role name (ARN)", output: "roleArn", value: roleArn },
    ],
    steps: [
      "In Amplitude, open Data Destinations and find Kinesis Data Stream - Event Stream.",
      "Enter a sync name, and click Create Sync.",
      "Click Edit, and copy the three values exactly.",
      "Choose the events under Send events.",
      "Enable the destination, and save.",
    ],
    notes: [
      "Enter the role's full ARN, not only its name.",
      "The form has no field for an external id.",
      `Amplitude sends only events that it receives after the destination is enabled. It documents that 95 of 100 arrive within ${DOCUMENTED_P95_SECONDS} seconds.`,
      "Anyone who learns the role's ARN could make their own Amplitude project write to this stream. Share it only with the people who set up the destination.",
    ],
  };
}

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
