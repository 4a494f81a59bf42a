import { type Command, Option } from "commander";
import { SettingsError } from "../../common/errors";
import { wholeNumber } from "./arguments";

/** The options of `verify` that the route through Amplitude alone has. */
export interface AmplitudeFlags {
  apiKey?: string;
  amplitudeZone?: "US" | "EU";
  amplitudeUrl?: string;
  eventType?: string[];
  expectApp?: number;
  identify?: true;
}

export function withAmplitudeOptions(command: Command): Command {
  return command
    .option(
      "--api-key <key>",
      "with --route amplitude: the Amplitude project's API key; other users of this machine can see it there, so better in AMPLITUDE_API_KEY (default: that, or asked for on a terminal)",
    )
    .addOption(
      new Option(
        "--amplitude-zone <zone>",
        "with --route amplitude: where the project is (default: US)",
      ).choices(["US", "EU"]),
    )
    .option("--amplitude-url <url>", "with --route amplitude: another endpoint of Amplitude's HTTP V2 API")
    .option(
      "--event-type <name...>",
      "with --route amplitude: the event types to send, such as the destination's filter lets through",
    )
    .option(
      "--expect-app <id>",
      "with --route amplitude: the Amplitude project's id, which the events have to come from",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--identify",
      "with --route amplitude: send identify calls too, and say whether they are forwarded",
    );
}

const AMPLITUDE_ONLY = {
  apiKey: "--api-key",
  amplitudeZone: "--amplitude-zone",
  amplitudeUrl: "--amplitude-url",
  eventType: "--event-type",
  expectApp: "--expect-app",
  identify: "--identify",
};
const NOT_AMPLITUDE = {
  export: "--export",
  seed: "--seed",
  rate: "--rate",
  duration: "--duration",
  concurrency: "--concurrency",
  resume: "--resume",
  senderProfile: "--sender-profile",
  externalId: "--external-id",
};

/** @throws SettingsError for options of the other route. */
export function checkRouteOptions(flags: object, route: string | undefined): void {
  const isAmplitude = route === "amplitude";
  const strange = Object.entries(isAmplitude ? NOT_AMPLITUDE : AMPLITUDE_ONLY)
    .filter(([flag]) => Reflect.get(flags, flag) !== undefined)
    .map(([, option]) => option);
  if (strange.length === 0) return;
  throw new SettingsError(
    isAmplitude
      ? `${strange.join(", ")} can't be used with --route amplitude, which sends test events of its own to Amplitude`
      : `${strange.join(", ")} can be used with --route amplitude alone`,
  );
}
