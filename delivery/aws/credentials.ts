import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";
import type { AwsCredentialIdentityProvider } from "@smithy/types";
import { DeliveryError } from "../common/errors";
import type { ClientOptions } from "./clients";
import { keepAliveHandler } from "./connections";
import { classify, describeError, isClockSkew, isCredentialsError, UNREADABLE } from "./errors";
import { pollUntil, type WaitOptions } from "./pollUntil";
import { type AwsOptions, assumeRole, CredentialsError, resolveCredentials } from "./profile";
import { ProxyError } from "./proxy";

/**
 * Returns the credentials of the customer's role, which the caller assumes as Amplitude does. The client that uses them
 * renews them five minutes before they expire.
 */
export function assumedRole(
  roleArn: string,
  caller: ClientOptions,
  externalId: string | undefined,
): AwsCredentialIdentityProvider {
  const { requestHandler = keepAliveHandler() } = caller;
  const role = { roleArn, externalId, sessionName: "amplitude-kinesis-verify" };
  return assumeRole(role, resolveCredentials(caller), { ...caller, requestHandler });
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
  const attempt = () =>
    provider().then(
      (): Assumption => ({ assumed: true }),
      (error: unknown): Assumption => ({ assumed: false, error }),
    );
  return pollUntil(attempt, (result) => result.assumed || classify(result.error) !== "access-denied", wait);
}

const DEFAULT_SUBJECT = "AWS credentials";

/** The operator's identity in AWS. */
export interface Caller {
  accountId: string;
  arn: string;
}

/**
 * @param options Options of the client's credentials, for messages, and the accounts that they may belong to.
 * @throws DeliveryError `credentials` if there are none, if AWS rejects them, if AWS can't be reached, or if they belong to an
 * account that the options exclude.
 */
export async function callerIdentity(
  client: STSClient,
  options: AwsOptions = {},
  subject = DEFAULT_SUBJECT,
): Promise<Caller> {
  try {
    const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}));
    // The SDK takes a page of another service for a response without members.
    if (Account === undefined || Arn === undefined) throw new Error(UNREADABLE);
    checkAccount(Account, options, subject);
    return { accountId: Account, arn: Arn };
  } catch (error) {
    throw credentialsProblem(error, options, subject);
  }
}

function checkAccount(accountId: string, options: AwsOptions, subject: string): void {
  const { allowedAccountIds: allowed = [], forbiddenAccountIds: forbidden = [] } = options;
  const isForbidden = forbidden.includes(accountId);
  if (!isForbidden && (allowed.length === 0 || allowed.includes(accountId))) return;
  const list = isForbidden ? "forbiddenAccountIds" : "allowedAccountIds";
  throw new DeliveryError(
    "credentials",
    `${describeCredentials(options, subject)} are of account ${accountId}, but ${list} ${isForbidden ? "lists it" : `lists only ${allowed.join(", ")}`}. Nothing was written. Choose credentials of another account (--profile), or correct ${list}`,
  );
}

/** Describes credentials for a message: with the stack's setting or the profile that they come from, if there is one. */
export function describeCredentials(options: AwsOptions, subject = DEFAULT_SUBJECT): string {
  const { profile, credentialsName } = options;
  const { AWS_PROFILE = "" } = process.env;
  if (credentialsName !== undefined) return `${subject} (${credentialsName})`;
  if (profile !== undefined) return `${subject} (profile "${profile}")`;
  // The SDK's messages leave out the profile of the environment.
  return subject === DEFAULT_SUBJECT && AWS_PROFILE !== ""
    ? `${subject} (AWS_PROFILE "${AWS_PROFILE}")`
    : subject;
}

/** Returns the error to throw if AWS can't identify the caller: the cause, and what helps against it. */
export function credentialsProblem(
  error: unknown,
  options: AwsOptions = {},
  subject = DEFAULT_SUBJECT,
): DeliveryError {
  if (error instanceof DeliveryError) return error;
  return new DeliveryError("credentials", problemText(error, options, subject), { cause: error });
}

function problemText(error: unknown, options: AwsOptions, subject: string): string {
  const text = describeError(error);
  if (isClockSkew(error))
    return `AWS rejected the request because this machine's clock is wrong (${text}). Set it: compare \`date -u\` with \`curl -sI https://sts.amazonaws.com | grep -i date\``;
  if (classify(error) === "untrusted-certificate")
    return `AWS can't be asked who you are: the certificate at the other end is not trusted (${text}). If a proxy of yours opens TLS, name the file with its authority's certificate: AWS_CA_BUNDLE=ca.pem, or NODE_EXTRA_CA_CERTS=ca.pem for Amplitude too; otherwise compare AWS_ENDPOINT_URL`;
  if (error instanceof ProxyError) return `AWS can't be asked who you are: ${error.message}. ${error.remedy}`;
  if (!isCredentialsError(error))
    return `AWS can't be asked who you are (${text}). Check the region, the network, the proxy (HTTPS_PROXY, NO_PROXY) and AWS_ENDPOINT_URL`;
  const remedy =
    error instanceof CredentialsError
      ? error.remedy
      : options.credentialsName === undefined
        ? SIGN_IN
        : "Correct the aws: settings of the stack, or choose other credentials with --profile";
  return `${describeCredentials(options, subject)} are missing or not accepted (${text}). ${remedy}`;
}

const SIGN_IN =
  "Sign in (`aws sso login`), or set AWS_PROFILE, --profile or AWS_ACCESS_KEY_ID; `aws sts get-caller-identity` shows who you are";
