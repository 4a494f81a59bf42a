import { SettingsError } from "../../common/errors";
import type { StackOutputs } from "../../common/outputs";
import { MAX_AMPLITUDE_EVENTS } from "../../verify/amplitude/options";
import { verifyThroughAmplitude } from "../../verify/amplitude/run";
import type { Progress } from "../../verify/options";
import type { DeliveryReport } from "../../verify/report";
import type { AmplitudeFlags } from "../options/amplitude";
import { type TrustFlags, trustOf } from "../options/trust";
import { askSecret } from "../terminal/hiddenInput";

/** Those of the others that it takes too. */
interface SharedFlags extends AmplitudeFlags, TrustFlags {
  events?: number;
  profile?: string;
  timeout?: number;
  propagation: number;
}

/** What a run is told of, and tells. */
export interface RunHooks {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

/** Asks for what is missing first, so that no question comes up in mid-run. */
export async function throughAmplitude(
  flags: SharedFlags,
  outputs: StackOutputs,
): Promise<(hooks: RunHooks) => Promise<DeliveryReport>> {
  if (flags.events !== undefined && flags.events > MAX_AMPLITUDE_EVENTS) {
    throw new SettingsError(
      `--events must be at most ${MAX_AMPLITUDE_EVENTS} with --route amplitude: the project is charged for each`,
    );
  }
  const apiKey = await apiKeyOf(flags);
  return (hooks) =>
    verifyThroughAmplitude({
      outputs,
      apiKey,
      zone: flags.amplitudeZone,
      url: flags.amplitudeUrl,
      events: flags.events,
      eventTypes: flags.eventType,
      expectApp: flags.expectApp,
      identify: flags.identify,
      profile: flags.profile,
      ...trustOf(flags),
      timeoutSeconds: flags.timeout,
      propagationSeconds: flags.propagation,
      ...hooks,
    });
}

async function apiKeyOf({ apiKey = process.env.AMPLITUDE_API_KEY ?? "" }: AmplitudeFlags): Promise<string> {
  if (apiKey !== "") return apiKey;
  const { stdin: input, stderr: output } = process;
  if (!input.isTTY || !output.isTTY) {
    throw new SettingsError(
      "--route amplitude needs the Amplitude project's API key: set AMPLITUDE_API_KEY, or give --api-key (it is asked for on a terminal)",
    );
  }
  return askSecret({ question: "Amplitude API key (not shown): ", input, output });
}
