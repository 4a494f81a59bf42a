import type { Progress, VerifyOptions } from "../verify/options";

/** What is going on, for a progress display. */
export type SendProgress = Pick<Progress, "step" | "eventsSent" | "eventsAcknowledged" | "eventsExpected">;

/** What `sendEvents` is to do: only `outputs` and `source` are needed. They mean what they mean to `verifyDelivery`. */
export interface SendOptions
  extends Pick<
    VerifyOptions,
    | "outputs"
    | "source"
    | "route"
    | "credentials"
    | "profile"
    | "senderCredentials"
    | "senderProfile"
    | "endpoint"
    | "externalId"
    | "amplitudeExternalId"
    | "amplitudeAccountId"
    | "amplitudePrincipalArns"
    | "concurrency"
    | "rate"
    | "capacityShare"
    | "confirmLoad"
    | "propagationSeconds"
    | "clock"
    | "random"
  > {
  /** Ends the sending; requests under way are waited for, and the report is then `undecided`, unless something has failed. */
  signal?: AbortSignal | undefined;
  /** Called at every step, and with every event that was taken from the source. */
  onProgress?: ((progress: SendProgress) => void) | undefined;
}
