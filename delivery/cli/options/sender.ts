import { type Command, Option } from "commander";
import { DEFAULT_PROPAGATION_SECONDS } from "../../common/limits";
import type { Route } from "../../deployment/route";
import type { VerifyOptions } from "../../verify/options";
import { askAboutLoad } from "../terminal/confirmLoad";
import { wholeNumber } from "./arguments";
import { type TrustFlags, trustOf, withTrustOptions } from "./trust";

/** The options that say as whom, and how fast, events are sent. */
export interface SenderFlags extends TrustFlags {
  profile?: string;
  senderProfile?: string;
  externalId?: string;
  concurrency?: number;
  yes?: true;
  propagation: number;
}

export function withSenderOptions(command: Command): Command {
  return withTrustOptions(
    command
      .option("--profile <name>", "AWS profile that looks at the stream and the role (default: AWS_PROFILE)")
      .option("--sender-profile <name>", "AWS profile that assumes the role (default: the same as --profile)")
      .option(
        "--external-id <id>",
        "external id to assume the role with, where its trust policy demands one",
      ),
  )
    .option(
      "--concurrency <number>",
      "PutRecords requests under way at once (default: 1, more with --rate)",
      wholeNumber(1, 256),
    )
    .option("--yes", "use all of what the stream takes, without asking (default: half of it)")
    .addOption(propagationOption(DEFAULT_PROPAGATION_SECONDS));
}

export function propagationOption(seconds: number): Option {
  return new Option("--propagation <seconds>", "how long a new role or policy may take to take effect")
    .argParser(wholeNumber(0, 3_600))
    .default(seconds);
}

/** @param signal takes a question that it asks back. */
export function senderOf(flags: SenderFlags, route: Route | undefined, signal: AbortSignal) {
  return {
    route,
    profile: flags.profile,
    senderProfile: flags.senderProfile,
    externalId: flags.externalId,
    ...trustOf(flags),
    concurrency: flags.concurrency,
    capacityShare: flags.yes ? 1 : undefined,
    confirmLoad: flags.yes ? undefined : (load) => askAboutLoad(load, signal),
    propagationSeconds: flags.propagation,
  } satisfies Partial<VerifyOptions>;
}
