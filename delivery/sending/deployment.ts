import { type Connection, connect } from "../aws/clients";
import type { WaitOptions } from "../aws/waitUntil";
import { streamArnOf } from "../common/arn";
import { type Clock, type EpochMs, startClock } from "../common/clock";
import { DEFAULT_PROPAGATION_SECONDS } from "../common/limits";
import { resolveOutputs, type StackOutputs } from "../common/outputs";
import { resolveAmplitudeCaller } from "../deployment/route";
import type { TrustedCaller } from "../deployment/trust";
import type { ConnectionOptions, TrustOptions } from "./options";

/** A deployment that a run has opened, and the run's defaults. */
export interface OpenDeployment {
  outputs: StackOutputs;
  streamArn: string;
  /** Connections with the operator's credentials. The run destroys its handler at the end. */
  operator: Connection;
  /** Caller that the role has to trust. */
  amplitude: TrustedCaller;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** How long a new stream, role or policy may take to propagate. */
  wait: WaitOptions;
  startedAt: EpochMs;
}

/** @throws SettingsError for invalid outputs. */
export function openDeployment(options: ConnectionOptions & TrustOptions): OpenDeployment {
  const { clock = startClock(), random = Math.random, signal = new AbortController().signal } = options;
  const { propagationSeconds = DEFAULT_PROPAGATION_SECONDS } = options;
  const outputs = resolveOutputs([{ description: "options.outputs", values: options.outputs }]);
  return {
    outputs,
    streamArn: streamArnOf(outputs),
    operator: connect({ ...options, region: outputs.region }),
    amplitude: resolveAmplitudeCaller(options),
    clock,
    random,
    signal,
    wait: { clock, waitMs: propagationSeconds * 1000, signal },
    startedAt: clock.now(),
  };
}

/** Opens a deployment for a run, and closes its connections at the run's end. */
export async function withDeployment<Result>(
  options: ConnectionOptions & TrustOptions,
  run: (deployment: OpenDeployment) => Promise<Result>,
): Promise<Result> {
  const deployment = openDeployment(options);
  try {
    return await run(deployment);
  } finally {
    deployment.operator.requestHandler.destroy();
  }
}
