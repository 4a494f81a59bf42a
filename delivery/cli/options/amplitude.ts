import { type Command, Option } from "commander";
import { SettingsError } from "../../common/errors";
import { integer } from "./arguments";

/** Options of `verify` that apply only to `--route amplitude`. */
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
      "with --route amplitude: API key of the Amplitude project; prefer AMPLITUDE_API_KEY, because other users of this machine can see the command line (default: AMPLITUDE_API_KEY, or a prompt on a terminal)",
    )
    .addOption(
      new Option(
        "--amplitude-zone <zone>",
        "with --route amplitude: data residency of the project (default: US)",
      ).choices(["US", "EU"]),
    )
    .option("--amplitude-url <url>", "with --route amplitude: another endpoint of Amplitude's HTTP V2 API")
    .option(
      "--event-type <name...>",
      "with --route amplitude: event types to send, such as those that the destination's filter selects",
    )
    .option(
      "--expect-app <id>",
      "with --route amplitude: id of the Amplitude project that the events must come from",
      integer(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--identify",
      "with --route amplitude: also send identify calls, and report whether they are forwarded",
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
  part: "--part",
  run: "--run",
  senderProfile: "--sender-profile",
  externalId: "--external-id",
};

/** @throws SettingsError if an option doesn't apply to the route. */
export function checkRouteOptions(flags: object, route: string | undefined): void {
  const isAmplitude = route === "amplitude";
  const unsuitable = Object.entries(isAmplitude ? NOT_AMPLITUDE : AMPLITUDE_ONLY)
    .filter(([flag]) => Reflect.get(flags, flag) !== undefined)
    .map(([, option]) => option)
    .join(", ");
  if (unsuitable === "") return;
  throw new SettingsError(
    isAmplitude
      ? `${unsuitable} can't be used with --route amplitude, which sends generated test events to Amplitude`
      : `${unsuitable} can be used only with --route amplitude`,
  );
}
