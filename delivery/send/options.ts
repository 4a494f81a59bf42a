import type { Progress, SenderOptions } from "../sending/options";

/** Progress of sending, for a display. */
export type SendProgress = Pick<Progress, "step" | "eventsSent" | "eventsAcknowledged" | "eventsExpected">;

/** Options of `sendEvents`. Only `outputs` and `source` are required. */
export interface SendOptions extends SenderOptions {
  /** Called at every step, and with every event that was taken from the source. */
  onProgress?: ((progress: SendProgress) => void) | undefined;
}
