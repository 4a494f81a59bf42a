import { AMPLITUDE_ACCOUNT_ID } from "../../components/contract";
import type { ClientOptions, Credentials } from "../aws/clients";
import type { TrustedCaller } from "./trust";

/** Who assumes the role; by default the operator. */
export function senderBeside(
  operator: ClientOptions,
  given: { senderCredentials?: Credentials | undefined; senderProfile?: string | undefined },
): ClientOptions {
  const { senderCredentials: credentials, senderProfile: profile } = given;
  // The very same object where there is no other: the preflight asks then for one identity alone.
  return credentials === undefined && profile === undefined
    ? operator
    : { ...operator, credentials, profile };
}

/** Who has to be trusted; by default Amplitude's documented account, without an external id. */
export function amplitudeAs(given: {
  amplitudeAccountId?: string | undefined;
  amplitudePrincipalArns?: string[] | undefined;
  amplitudeExternalId?: string | undefined;
}): TrustedCaller {
  return {
    accountId: given.amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID,
    principalArns: given.amplitudePrincipalArns,
    externalId: given.amplitudeExternalId,
  };
}
