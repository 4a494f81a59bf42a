import type { Credentials } from "../aws/clients";
import type { Clock } from "../common/clock";
import type { FurtherOutputs, StackOutputs } from "../common/outputs";

/** What `checkDeployment` is to look at: only `outputs` is needed. */
export interface CheckOptions {
  /** The stack's outputs. */
  outputs: StackOutputs & FurtherOutputs;
  /** Read the stream, the role, the key and the alarms. Default: the SDK's chain. */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, in place of `credentials`. */
  profile?: string | undefined;
  /** URL of the one endpoint for all AWS services. Default: the SDK's settings (`AWS_ENDPOINT_URL`, …), else AWS. */
  endpoint?: string | undefined;
  /** The account that the trust policy has to name. Default: 358203115967. */
  amplitudeAccountId?: string | undefined;
  /** The principals that Amplitude is known to use, where the trust policy names no whole account. */
  amplitudePrincipalArns?: string[] | undefined;
  /** The external id that Amplitude has agreed to give. Default: none, as documented. */
  amplitudeExternalId?: string | undefined;
  /** Principals that are meant to be trusted beside Amplitude, to test delivery. Default: none. */
  testPrincipalArns?: string[] | undefined;
  /** How long what is new may take to be known everywhere, in seconds, from 0. Default 0: what is there now. */
  propagationSeconds?: number | undefined;
  /** Ends the check early: it then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Told what is being looked at, in words. */
  onStep?: ((step: string) => void) | undefined;
  /** Default: this machine's. */
  clock?: Clock | undefined;
}
