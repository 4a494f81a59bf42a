import type { Verdict } from "../common/findings";
import type { Preflight } from "../deployment/preflight";
import type { TrustedCaller } from "../deployment/trust";
import type { DeliveryReport } from "./report";

const SET_UP =
  "that Amplitude is set up with these three values, and sends: enable the destination and watch the stream";

/** What the run proves, which is nothing unless it is verified, and what it can't. */
export function proofOf(
  before: Preflight,
  amplitude: TrustedCaller,
  verdict: Verdict,
): DeliveryReport["proof"] {
  const { proves, notProven } =
    before.route === "role" ? roleProof(before, amplitude) : operatorProof(amplitude);
  const agreed =
    amplitude.externalId === undefined ? [] : ["that Amplitude gives the external id that the role demands"];
  return { proves: verdict === "verified" ? proves : [], notProven: [...notProven, ...agreed, SET_UP] };
}

function trusts({ accountId }: TrustedCaller): string {
  return `the trust policy lets Amplitude's account ${accountId} assume the role`;
}

function operatorProof(amplitude: TrustedCaller): DeliveryReport["proof"] {
  return {
    proves: [
      "the stream takes events and gives them back byte for byte, with the operator's credentials",
      "AWS's policy simulator allows the role to write to the stream and to simulate itself",
      trusts(amplitude),
    ],
    notProven: [
      "that the role can really be assumed and write: nobody but its trusted principals can try",
      "what the simulator does not look at: the policies of the stream itself, of a customer's own key and of the organization's resources",
    ],
  };
}

function roleProof(before: Preflight, amplitude: TrustedCaller): DeliveryReport["proof"] {
  const { senderIdentity, findings } = before;
  const asAmplitude = senderIdentity.accountId === amplitude.accountId;
  const trustRead = !findings.some(({ code }) => code === "role-not-readable");
  const simulated = !findings.some(({ code }) => code === "simulation-unavailable");
  return {
    proves: [
      `${senderIdentity.arn} can assume the role, and the role can write to the stream`,
      "events come back from the stream byte for byte",
      ...(trustRead && !asAmplitude ? [trusts(amplitude)] : []),
    ],
    notProven: [
      ...(trustRead || asAmplitude ? [] : [`that ${trusts(amplitude)}`]),
      ...(simulated
        ? []
        : [
            "whether the role may kinesis:PutRecord and iam:SimulatePrincipalPolicy too: only PutRecords was tried",
          ]),
    ],
  };
}
