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
  /** Rises if a field changes its meaning or goes; a new field doesn't raise it. */
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
