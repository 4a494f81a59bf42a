import type { Verdict } from "../common/findings";
import type { DeliveryReport } from "../verify/report";

/** Each verdict in words, to stand behind its name. */
const SENTENCES: Record<Verdict, string> = {
  verified: "every event sent was read back, byte for byte",
  failed: "delivery to this stream does not work as it is",
  undecided: "it could not be found out whether delivery works",
};

/** 0–100, rounded down: what is not all of them must not be shown as 100 %. */
export function deliveredPercent({ deliveryRate }: DeliveryReport): number {
  return Math.floor(deliveryRate * 100_000) / 1000;
}

const VERIFIED_THROUGH_AMPLITUDE =
  "every event sent to Amplitude arrived in the stream, with the fields that were sent";

/** What the verdict says, without its name. */
export function verdictSentence({ verdict, route }: Pick<DeliveryReport, "verdict" | "route">): string {
  return verdict === "verified" && route === "amplitude" ? VERIFIED_THROUGH_AMPLITUDE : SENTENCES[verdict];
}
