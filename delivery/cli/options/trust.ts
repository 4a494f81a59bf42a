import type { Command } from "commander";
import { accountId } from "./arguments";

/** The options that say whom the role has to trust, where that is not what Amplitude documents. */
export interface TrustFlags {
  amplitudeExternalId?: string;
  amplitudePrincipal?: string[];
  amplitudeAccountId?: string;
}

export function withTrustOptions(command: Command): Command {
  return command
    .option(
      "--amplitude-external-id <id>",
      "the external id that Amplitude has agreed to give (its form has no field for one)",
    )
    .option(
      "--amplitude-principal <arn...>",
      "what Amplitude is known to call as, where the trust policy names no whole account",
    )
    .option("--amplitude-account-id <id>", "Amplitude's AWS account (default: 358203115967)", accountId);
}

export function trustOf(flags: TrustFlags) {
  return {
    amplitudeExternalId: flags.amplitudeExternalId,
    amplitudePrincipalArns: flags.amplitudePrincipal,
    amplitudeAccountId: flags.amplitudeAccountId,
  };
}
