import type { Preflight } from "../preflight/preflight";
import type { DeliveryReport } from "../report/report";

const ONLY_AMPLITUDE =
  "that Amplitude is set up with these three values, and sends: enable the destination and watch the stream";

/** What a `verified` of this run's route proves, and what it can't. */
export function proofOf(
  { route, senderIdentity, findings }: Preflight,
  amplitudeAccountId: string,
): DeliveryReport["proof"] {
  if (route === "operator") {
    return {
      proves: [
        "the stream takes events and gives them back byte for byte, with the operator's credentials",
        "AWS's policy simulator allows the role to write to the stream and to simulate itself",
        `the trust policy lets Amplitude's account ${amplitudeAccountId} assume the role`,
      ],
      leavesOpen: [
        "that the role can really be assumed and write: nobody but its trusted principals can try",
        ONLY_AMPLITUDE,
      ],
    };
  }
  const asAmplitude = senderIdentity.accountId === amplitudeAccountId;
  const trustRead = !findings.some(({ code }) => code === "role-not-readable");
  const trust = `that the trust policy lets Amplitude's account ${amplitudeAccountId} assume the role`;
  return {
    proves: [
      `${senderIdentity.arn} can assume the role, and the role can write to the stream`,
      "events come back from the stream byte for byte",
      ...(trustRead && !asAmplitude
        ? [`the trust policy lets Amplitude's account ${amplitudeAccountId} assume the role`]
        : []),
    ],
    leavesOpen: [...(trustRead || asAmplitude ? [] : [trust]), ONLY_AMPLITUDE],
  };
}
