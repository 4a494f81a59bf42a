import type { StackOutputs } from "../common/outputs";

/** One field of Amplitude's form. */
export interface HandoffField {
  /** As Amplitude's documentation names it. */
  label: string;
  /** The stack's output that fills it. */
  output: keyof StackOutputs;
  /** What is typed into it. */
  value: string;
}

/** What whoever has Amplitude open has to type and click. Nothing of it is secret. */
export interface Handoff {
  /** Rises when a field changes its meaning or goes; a new field doesn't raise it. */
  handoffVersion: 1;
  /** In the order of Amplitude's form. */
  fields: HandoffField[];
  /** What to click, in order. */
  steps: string[];
  /** What is worth knowing before. */
  notes: string[];
}

/** Source: Amplitude, "Kinesis Data Stream Event Streaming", Amplitude setup. */
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
      "Click Edit, and enter the three values, each exactly as it stands here.",
      "Choose the events under Send events.",
      "Enable the destination, and save.",
    ],
    notes: [
      "The role is entered as its whole ARN, not as its name alone.",
      "There is no field for an external id.",
      "Only events after the destination is enabled are sent. Amplitude documents that 95 of 100 arrive within 60 seconds.",
      "Whoever learns the role's ARN could have their own Amplitude project write to this stream: pass this on to those alone who set the destination up.",
    ],
  };
}
