import type { FurtherOutputs, StackOutputs } from "../common/outputs";
import type { ConnectionOptions, TrustOptions } from "../sending/options";

/** Options of `checkDeployment`. Only `outputs` is required. If its signal ends a check, it rejects with the signal's reason. */
export interface CheckOptions extends Omit<ConnectionOptions, "outputs" | "random">, TrustOptions {
  /** The stack's outputs. */
  outputs: StackOutputs & FurtherOutputs;
  /** Principals that should be trusted besides Amplitude, to test delivery. Default: none. */
  testPrincipalArns?: string[] | undefined;
  /** How long new resources may take to propagate, in seconds, from 0. Default: 0. */
  propagationSeconds?: number | undefined;
  /** Receives the name of each step. */
  onStep?: ((step: string) => void) | undefined;
}
