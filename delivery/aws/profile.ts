import { fromIni, fromNodeProviderChain, fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from "@smithy/core";
import { parseKnownFiles } from "@smithy/core/config";
import type { NodeHttpHandler } from "@smithy/node-http-handler";
import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from "@smithy/types";
import { SettingsError } from "../common/errors";
import { redactSecrets, registerSecrets } from "../common/redactSecrets";
import { withoutUndefined } from "../common/values";
import { awsError, classify, describeError } from "./errors";

/** Access keys, or a credentials provider of the AWS SDK. */
export type Credentials = AwsCredentialIdentity | AwsCredentialIdentityProvider;

/** Asks for the current code of an MFA device, given its serial number. */
export type MfaCode = (serialNumber: string) => Promise<string>;

/** Services that are called, by the names of the AWS provider's endpoints. */
export type AwsService = "cloudwatch" | "iam" | "kinesis" | "kms" | "logs" | "pipes" | "sts";

/** A role of the customer's side, with the fields of the AWS provider's `assumeRoles`. */
export interface RoleToAssume {
  /** `arn:aws:iam::ACCOUNT:role/[PATH/]NAME`. */
  roleArn: string;
  /** External id that the role's trust policy requires. Default: none. */
  externalId?: string | undefined;
  /** Default: a generated name. */
  sessionName?: string | undefined;
  /** Duration of a session, from 900. Default: 3,600. A session is renewed in time. */
  durationSeconds?: number | undefined;
  /** Session policy in JSON. Default: none. */
  policy?: string | undefined;
  /** ARNs of managed session policies. Default: none. */
  policyArns?: readonly string[] | undefined;
  /** Default: none. */
  sourceIdentity?: string | undefined;
  /** Session tags. Default: none. */
  tags?: Readonly<Record<string, string>> | undefined;
  /** Keys of session tags that later sessions of the chain inherit. Default: none. */
  transitiveTagKeys?: readonly string[] | undefined;
}

/** Paths of the shared AWS files. */
export interface SharedFiles {
  /** Default: AWS_CONFIG_FILE, or `~/.aws/config`. */
  config?: string | undefined;
  /** Default: AWS_SHARED_CREDENTIALS_FILE, or `~/.aws/credentials`. */
  credentials?: string | undefined;
}

/** Options to reach AWS as a principal, and which accounts it may belong to. */
export interface AwsOptions {
  /** Default: the SDK's provider chain (environment, profile, SSO, instance …). */
  credentials?: Credentials | undefined;
  /** A profile of the shared AWS files, used if `credentials` is absent. Default: AWS_PROFILE. */
  profile?: string | undefined;
  /** Paths of the shared AWS files. Default: those of the environment, or the files in `~/.aws`. */
  sharedFiles?: SharedFiles | undefined;
  /** Roles to assume, the first with the credentials above and each further one with the session before it. Default: none. */
  assumeRoles?: readonly RoleToAssume[] | undefined;
  /** Asks for the code of the profile's MFA device. Default: a profile with such a device is an error. */
  mfaCode?: MfaCode | undefined;
  /** URL of one endpoint for all services. Default: the SDK's (AWS_ENDPOINT_URL, the shared files, AWS). */
  endpoint?: string | undefined;
  /** URLs of the endpoints of single services, each in place of `endpoint`. */
  endpoints?: Readonly<Partial<Record<AwsService, string>>> | undefined;
  /** Accounts that the credentials may belong to. Nothing is written with those of another account. Default: every account. */
  allowedAccountIds?: readonly string[] | undefined;
  /** Accounts that the credentials must not belong to. Default: none. */
  forbiddenAccountIds?: readonly string[] | undefined;
  /** Description of the credentials in messages, such as `profile "hub" of stack "acme"`. Default: the profile. */
  credentialsName?: string | undefined;
}

export interface CredentialOptions extends AwsOptions {
  /** Region of STS. Default: the region of the client that uses the credentials. */
  region?: string | undefined;
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
 * Returns the given credentials, those of the profile or the environment, or those of the last role to assume. Except for given
 * credentials, they are resolved at most once until they expire. Every secret that is resolved is redacted from then on.
 */
export function resolveCredentials(options: CredentialOptions): AwsCredentialIdentityProvider {
  const { credentials: base = sharedProvider(options), assumeRoles = [] } = options;
  const credentials = assumeRoles.reduce<Credentials>(
    (source, role) => memoized(chainedRole(role, source, options)),
    base,
  );
  return async (properties) => {
    const identity = typeof credentials === "object" ? credentials : await credentials(properties);
    registerSecrets([identity.accessKeyId, identity.secretAccessKey, identity.sessionToken]);
    return identity;
  };
}

function memoized(provider: AwsCredentialIdentityProvider): AwsCredentialIdentityProvider {
  return memoizeIdentityProvider(provider, isIdentityExpired, doesIdentityRequireRefresh) ?? provider;
}

/** Duration of a session: the default limit of a role, and the maximum for a chained role. The SDK's clients renew it in time. */
const SESSION_SECONDS = 3600;

/** Returns the credentials of a role that `source` assumes. */
export function assumeRole(
  role: RoleToAssume,
  source: Credentials,
  options: CredentialOptions,
): AwsCredentialIdentityProvider {
  const { policyArns, tags, transitiveTagKeys } = role;
  const params: Assumption = {
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName ?? `amplitude-kinesis-${Date.now()}`,
    DurationSeconds: role.durationSeconds ?? SESSION_SECONDS,
    ExternalId: role.externalId,
    Policy: role.policy,
    PolicyArns: policyArns?.map((arn) => ({ arn })),
    SourceIdentity: role.sourceIdentity,
    Tags: tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    TransitiveTagKeys: transitiveTagKeys && [...transitiveTagKeys],
  };
  return sessionOf(source, params, options);
}

type Assumption = Parameters<typeof fromTemporaryCredentials>[0]["params"];

/** Returns the credentials of a session that `source` requests from STS, at the endpoint of the options. */
function sessionOf(
  source: Credentials,
  params: Assumption,
  options: CredentialOptions,
  mfaCodeProvider?: MfaCode,
): AwsCredentialIdentityProvider {
  const { region, requestHandler } = options;
  return fromTemporaryCredentials({
    masterCredentials: source,
    params,
    ...withoutUndefined({ mfaCodeProvider }),
    clientConfig: withoutUndefined({ region, requestHandler, endpoint: endpointOf(options, "sts") }),
  });
}

/** Returns the URL of the service's endpoint if the options name one. */
export function endpointOf({ endpoint, endpoints }: AwsOptions, service: AwsService): string | undefined {
  return endpoints?.[service] ?? endpoint;
}

/** Returns the credentials of a role of the chain. A refusal names the role. */
function chainedRole(role: RoleToAssume, source: Credentials, options: CredentialOptions) {
  const provider = assumeRole(role, source, options);
  return async (properties?: Record<string, unknown>) => {
    try {
      return await provider(properties);
    } catch (cause) {
      if (awsError(cause).httpStatus === undefined || cause instanceof CredentialsError) throw cause;
      throw new CredentialsError(
        `${role.roleArn} can't be assumed: ${describeError(cause)}`,
        "Compare assumeRoles, and its externalId, with the role's trust policy, and let its caller call sts:AssumeRole",
        { cause },
      );
    }
  };
}

/** Returns the provider for the shared AWS files and the environment. A named profile takes precedence over keys in the environment. */
function sharedProvider(options: CredentialOptions) {
  const { profile: named, mfaCode = noCode, requestHandler } = options;
  const files = filesOf(options);
  const init = {
    ...files,
    mfaCodeProvider: mfaCode,
    ...withoutUndefined({ profile: named }),
    ...(requestHandler === undefined ? {} : { clientConfig: { requestHandler } }),
    // The SDK would assume the profile's role at its own endpoint of STS.
    ...(endpointOf(options, "sts") !== undefined && {
      roleAssumer: (source: AwsCredentialIdentity, params: Assumption & { TokenCode?: string }) =>
        sessionOf(source, params, options, async () => params.TokenCode ?? "")(),
    }),
  };
  const chain = fromNodeProviderChain(init);
  const ofProfile = fromIni(init);
  const provider: AwsCredentialIdentityProvider = async (properties) => {
    const profile = named ?? (process.env.AWS_PROFILE || undefined);
    const hasKeys = profile === undefined && Boolean(process.env.AWS_ACCESS_KEY_ID);
    const definition = hasKeys ? {} : await definitionOf(profile, files);
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
  return memoized(provider);
}

/** Returns the paths of the shared files for the SDK. */
export function filesOf({ sharedFiles: { config, credentials } = {} }: AwsOptions) {
  return withoutUndefined({ configFilepath: config, filepath: credentials });
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
async function definitionOf(profile: string | undefined, files: ReturnType<typeof filesOf>) {
  const profiles = await parseKnownFiles(files);
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
