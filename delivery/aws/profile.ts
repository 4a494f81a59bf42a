import { fromIni, fromNodeProviderChain } from "@aws-sdk/credential-providers";
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from "@smithy/core";
import { parseKnownFiles } from "@smithy/core/config";
import type { NodeHttpHandler } from "@smithy/node-http-handler";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import { SettingsError } from "../common/errors";
import { redactSecrets, registerSecrets } from "../common/redactSecrets";
import { awsError, classify, describeError } from "./errors";

/** Access keys, or a credentials provider of the AWS SDK. */
export type Credentials = AwsCredentialIdentity | AwsCredentialIdentityProvider;

/** Asks for the current code of an MFA device, given its serial number. */
export type MfaCode = (serialNumber: string) => Promise<string>;

/** Options to reach AWS as a principal. */
export interface AwsOptions {
  /** Default: the SDK's provider chain (environment, profile, SSO, instance …). */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, used if `credentials` is absent. */
  profile?: string | undefined;
  /** URL of one endpoint for all services. Default: the SDK's (AWS_ENDPOINT_URL, the shared files, AWS). */
  endpoint?: string | undefined;
}

export interface CredentialOptions {
  /** Default: the SDK's provider chain (environment, profile, SSO, instance …). */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, used if `credentials` is absent. */
  profile?: string | undefined;
  /** Default: a profile with an MFA device is an error. */
  mfaCode?: MfaCode | undefined;
  /** Handler of the requests for credentials. Default: the SDK's. */
  requestHandler?: NodeHttpHandler | undefined;
}

/** Credentials that can't be resolved. The cause is an error of the SDK, of a credentials service, or of the network. */
export class CredentialsError extends Error {
  /** The SDK's name for such an error. */
  override readonly name = "CredentialsProviderError";

  constructor(
    message: string,
    readonly remedy: string,
    options?: { cause: unknown },
  ) {
    super(message, options);
  }
}

/**
 * Returns the given credentials, or those of the profile or the environment, resolved at most once until they expire. Every
 * secret that is resolved is redacted from then on.
 */
export function resolveCredentials(options: CredentialOptions): AwsCredentialIdentityProvider {
  const { credentials = sharedProvider(options) } = options;
  return async (properties) => {
    const identity = typeof credentials === "object" ? credentials : await credentials(properties);
    registerSecrets([identity.accessKeyId, identity.secretAccessKey, identity.sessionToken]);
    return identity;
  };
}

/** Returns the provider for the shared AWS files and the environment. A named profile takes precedence over keys in the environment. */
function sharedProvider({ profile: named, mfaCode = noCode, requestHandler }: CredentialOptions) {
  const init = {
    mfaCodeProvider: mfaCode,
    ...(named === undefined ? {} : { profile: named }),
    ...(requestHandler === undefined ? {} : { clientConfig: { requestHandler } }),
  };
  const chain = fromNodeProviderChain(init);
  const ofProfile = fromIni(init);
  const provider: AwsCredentialIdentityProvider = async (properties) => {
    const profile = named ?? (process.env.AWS_PROFILE || undefined);
    const hasKeys = profile === undefined && Boolean(process.env.AWS_ACCESS_KEY_ID);
    const definition = hasKeys ? {} : await definitionOf(profile);
    // The chain would go on to the instance's credentials, and report only that they are missing.
    const isDefined = SOURCES.some((setting) => setting in definition);
    try {
      // The SDK doesn't wait for these credentials while it asks for the code, so their error would end the process.
      if (definition.mfa_serial && definition.source_profile)
        await fromIni({ ...init, profile: definition.source_profile })(properties);
      return await (isDefined ? ofProfile : chain)(properties);
    } catch (error) {
      throw isDefined ? profileError(error, profile ?? "default") : error;
    }
  };
  return memoizeIdentityProvider(provider, isIdentityExpired, doesIdentityRequireRefresh) ?? provider;
}

/** Settings of a profile that say where its credentials come from. */
const SOURCES = [
  "aws_access_key_id",
  "credential_process",
  "login_session",
  "role_arn",
  "sso_account_id",
  "sso_session",
  "web_identity_token_file",
];

/**
 * Returns the settings of a profile.
 *
 * @throws CredentialsError if the shared files don't have the profile, or the profile that it takes its credentials from.
 */
async function definitionOf(profile: string | undefined) {
  const profiles = await parseKnownFiles({});
  let definition = profiles[profile ?? "default"];
  if (definition === undefined && profile !== undefined) throw unknownProfile(`"${profile}"`);
  for (const seen = new Set<string>(); definition?.source_profile !== undefined; ) {
    const source = definition.source_profile;
    definition = profiles[source];
    if (definition === undefined)
      throw unknownProfile(`"${source}", the source_profile of "${profile ?? "default"}",`);
    if (seen.has(source)) break;
    seen.add(source);
  }
  return profiles[profile ?? "default"] ?? {};
}

function unknownProfile(profile: string): CredentialsError {
  return new CredentialsError(
    `the profile ${profile} is in neither of the shared AWS files`,
    "Name a profile that `aws configure list-profiles` shows, or create it (`aws configure`, or `aws configure sso` and `aws sso login`)",
  );
}

async function noCode(serialNumber: string): Promise<never> {
  throw new SettingsError(
    `The AWS profile requires a code of the MFA device ${serialNumber}. Run this on a terminal to be asked for it, or set the credentials of a session (\`aws sts assume-role\` with --serial-number and --token-code)`,
  );
}

/** Remedies by the text of the error. */
const REMEDIES: readonly [text: RegExp, remedy: string][] = [
  [
    /\b(E[A-Z]{4,}|TimeoutError|ProxyError)\b/,
    "Check the network, and the proxy's settings (HTTPS_PROXY, NO_PROXY)",
  ],
  [/SSO|Token is expired|Unauthorized/i, "Run `aws sso login --profile PROFILE`"],
  [/aws login/, "Run `aws login --profile PROFILE`"],
  [
    /credential_process|Command failed/,
    "Run the credential_process of the profile PROFILE in a shell, and fix what it reports",
  ],
  [/MultiFactorAuthentication/, "Enter the device's current code. AWS accepts each code once"],
  [
    /AccessDenied/,
    "Compare role_arn, external_id and mfa_serial of the profile PROFILE with the role's trust policy, and let the source_profile's principal call sts:AssumeRole",
  ],
  [
    /InvalidClientTokenId|ExpiredToken|SignatureDoesNotMatch|UnrecognizedClient/,
    "Renew the access keys of the profile PROFILE or of its source_profile",
  ],
  [
    /^/,
    "Correct the profile PROFILE; `aws sts get-caller-identity --profile PROFILE` shows whether it works",
  ],
];

/** Adds the remedy to an error that says why there are no credentials. Others, such as those of the network, stay as they are. */
function profileError(cause: unknown, profile: string): unknown {
  const { message, httpStatus } = awsError(cause);
  if (httpStatus === undefined && classify(cause) !== "no-credentials") return cause;
  const lines = message.trim().split("\n");
  const last = lines.length > 1 ? `: ${redactSecrets(lines.at(-1) ?? "")}` : "";
  const text = `${describeError(cause)}${last}`.slice(0, 500);
  const [, remedy = ""] = REMEDIES.find(([pattern]) => pattern.test(text)) ?? [];
  return new CredentialsError(
    text,
    remedy.replaceAll("PROFILE", () => profile),
    { cause },
  );
}
