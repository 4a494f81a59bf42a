import type { Credentials, MfaCode } from "../aws/profile";
import type { Clock } from "../common/clock";
import type { FurtherOutputs, StackOutputs } from "../common/outputs";

/** Options of `checkDeployment`. Only `outputs` is required. */
export interface CheckOptions {
  /** The stack's outputs. */
  outputs: StackOutputs & FurtherOutputs;
  /** Read the stream, the role, the key and the alarms. Default: the SDK's chain. */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, in place of `credentials`. */
  profile?: string | undefined;
  /** Asks for the code of the profile's MFA device. Default: a profile with such a device is an error. */
  mfaCode?: MfaCode | undefined;
  /** URL of the one endpoint for all AWS services. Default: the SDK's settings (`AWS_ENDPOINT_URL`, …), else AWS. */
  endpoint?: string | undefined;
  /** Account that the trust policy has to name. Default: 358203115967. */
  amplitudeAccountId?: string | undefined;
  /** Principals that Amplitude is known to use, if the trust policy doesn't name a whole account. */
  amplitudePrincipalArns?: string[] | undefined;
  /** External id that Amplitude has agreed to give. Default: none, as documented. */
  amplitudeExternalId?: string | undefined;
  /** Principals that should be trusted besides Amplitude, to test delivery. Default: none. */
  testPrincipalArns?: string[] | undefined;
  /** How long new resources may take to propagate, in seconds, at least 0. Default: 0. */
  propagationSeconds?: number | undefined;
  /** Ends the check early. It then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Receives the name of each step. */
  onStep?: ((step: string) => void) | undefined;
  /** Default: this machine's. */
  clock?: Clock | undefined;
}
