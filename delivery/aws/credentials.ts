import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import type { AwsCredentialIdentityProvider } from "@smithy/types";
import { DeliveryError } from "../common/errors";
import type { ClientOptions } from "./clients";
import { keepAliveHandler } from "./connections";
import { classify, describeError, isClockSkew, isCredentialsError, UNREADABLE } from "./errors";
import { CredentialsError, resolveCredentials } from "./profile";
import { ProxyError } from "./proxy";
import { pollUntil, type WaitOptions } from "./waitUntil";

/** Duration of a session: the default limit of a role, and the maximum for a chained role. The SDK's clients renew it in time. */
const SESSION_SECONDS = 3600;

/**
 * Returns the credentials of the customer's role, which the caller assumes as Amplitude does. The client that uses them
 * renews them five minutes before they expire.
 */
export function assumedRole(
  roleArn: string,
  caller: ClientOptions,
  externalId: string | undefined,
): AwsCredentialIdentityProvider {
  const { region, endpoint } = caller;
  const masterCredentials = resolveCredentials(caller);
  return fromTemporaryCredentials({
    params: {
      RoleArn: roleArn,
      RoleSessionName: "amplitude-kinesis-verify",
      DurationSeconds: SESSION_SECONDS,
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    ...(masterCredentials === undefined ? {} : { masterCredentials }),
    clientConfig: {
      region,
      requestHandler: caller.requestHandler ?? keepAliveHandler(),
      ...(endpoint === undefined ? {} : { endpoint }),
    },
  });
}

/** Names an error of renewing the session, which would otherwise look like an error of the service that is called. */
export function forSigning(provider: AwsCredentialIdentityProvider): AwsCredentialIdentityProvider {
  return async (properties) => {
    try {
      return await provider(properties);
    } catch (cause) {
      const error = new Error(`the role's session could not be renewed: ${describeError(cause)}`, { cause });
      error.name = "CredentialsProviderError";
      throw error;
    }
  };
}

/** The outcome of trying to assume the role. */
export type Assumption = { assumed: true } | { assumed: false; error: unknown };

/** Tries until the role can be assumed or the wait is over. An error other than a refusal ends it immediately. */
export function tryToAssume(provider: AwsCredentialIdentityProvider, wait: WaitOptions): Promise<Assumption> {
  const attempt = async (): Promise<Assumption> => {
    try {
      await provider();
      return { assumed: true };
    } catch (error) {
      return { assumed: false, error };
    }
  };
  return pollUntil(attempt, (result) => result.assumed || classify(result.error) !== "access-denied", wait);
}

const DEFAULT_SUBJECT = "AWS credentials";

/** The operator's identity in AWS. */
export interface Caller {
  accountId: string;
  arn: string;
}

/**
 * @param subject Describes the credentials in an error, with their profile if one was named.
 * @throws DeliveryError `credentials` if there are none, if AWS rejects them, or if AWS can't be reached.
 */
export async function callerIdentity(client: STSClient, subject = DEFAULT_SUBJECT): Promise<Caller> {
  try {
    const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}));
    // The SDK takes a page of another service for a response without members.
    if (Account === undefined || Arn === undefined) throw new Error(UNREADABLE);
    return { accountId: Account, arn: Arn };
  } catch (error) {
    throw credentialsProblem(error, subject);
  }
}

/** Returns the error to throw if AWS can't identify the caller: the cause, and what helps against it. */
export function credentialsProblem(error: unknown, subject = DEFAULT_SUBJECT): DeliveryError {
  if (error instanceof DeliveryError) return error;
  return new DeliveryError("credentials", problemText(error, subject), { cause: error });
}

function problemText(error: unknown, subject: string): string {
  const text = describeError(error);
  if (isClockSkew(error))
    return `AWS rejected the request because this machine's clock is wrong (${text}). Set it: compare \`date -u\` with \`curl -sI https://sts.amazonaws.com | grep -i date\``;
  if (classify(error) === "untrusted-certificate")
    return `AWS can't be asked who you are: the certificate at the other end is not trusted (${text}). If a proxy of yours opens TLS, name the file with its authority's certificate: AWS_CA_BUNDLE=ca.pem, or NODE_EXTRA_CA_CERTS=ca.pem for Amplitude too; otherwise compare AWS_ENDPOINT_URL`;
  if (error instanceof ProxyError) return `AWS can't be asked who you are: ${error.message}. ${error.remedy}`;
  if (!isCredentialsError(error))
    return `AWS can't be asked who you are (${text}). Check the region, the network, the proxy (HTTPS_PROXY, NO_PROXY) and AWS_ENDPOINT_URL`;
  const remedy = error instanceof CredentialsError ? error.remedy : SIGN_IN;
  return `${withProfile(subject)} are missing or not accepted (${text}). ${remedy}`;
}

const SIGN_IN =
  "Sign in (`aws sso login`), or set AWS_PROFILE, --profile or AWS_ACCESS_KEY_ID; `aws sts get-caller-identity` shows who you are";

/** Adds the profile of the environment, which the SDK's messages leave out. */
function withProfile(subject: string): string {
  const { AWS_PROFILE = "" } = process.env;
  return subject === DEFAULT_SUBJECT && AWS_PROFILE !== ""
    ? `${subject} (AWS_PROFILE "${AWS_PROFILE}")`
    : subject;
}
