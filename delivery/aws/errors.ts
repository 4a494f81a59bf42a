/** What an error of the AWS SDK, or of the network below it, says about the request. */
export interface AwsError {
  /** The service's error code, or the system's (`ECONNREFUSED`). */
  code: string;
  message: string;
  /** Absent where no answer came. */
  httpStatus?: number;
}

export function awsError(error: unknown): AwsError {
  if (!(error instanceof Error)) return { code: "Unknown", message: String(error) };
  const status = metadataStatus(error);
  const cause = systemError(error);
  return {
    code: cause?.code ?? error.name,
    message: error.message || (cause?.message ?? error.name),
    ...(status === undefined ? {} : { httpStatus: status }),
  };
}

function metadataStatus(error: Error): number | undefined {
  if (!("$metadata" in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

/** The system error behind an SDK error; an AggregateError (one failure an address) has it in its first member. */
function systemError(error: Error): { code: string; message: string } | undefined {
  if ("code" in error && typeof error.code === "string") return { code: error.code, message: error.message };
  if (error instanceof AggregateError && error.errors[0] instanceof Error)
    return systemError(error.errors[0]);
  if (error.cause instanceof Error) return systemError(error.cause);
  return undefined;
}

export function isAccessDenied(error: unknown): boolean {
  return /^AccessDenied(Exception)?$/.test(awsError(error).code);
}

/** Too many requests, of this command or of others. */
export function isThrottling(error: unknown): boolean {
  const { code, httpStatus } = awsError(error);
  return (
    httpStatus === 429 ||
    /^(ProvisionedThroughputExceeded|LimitExceeded|KMSThrottling|Throttl(ing|ed)|RequestThrottled|RequestLimitExceeded|TooManyRequests|SlowDown)/.test(
      code,
    )
  );
}

/** The endpoint has no such call: emulators lack some of IAM's. */
export function isUnsupported(error: unknown): boolean {
  const { code, httpStatus } = awsError(error);
  return (
    /^(InvalidAction|NotImplemented|NotImplementedError|UnknownOperationException|UnsupportedOperation)/.test(
      code,
    ) ||
    httpStatus === 501 ||
    httpStatus === 405
  );
}

/** The connection was never made, so the request can't have been carried out. */
export function neverSent(error: unknown): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/.test(awsError(error).code);
}

/** Source: Node.js, TLS, "X509 certificate error codes". */
export function isUntrustedCertificate(error: unknown): boolean {
  return /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_(UNTRUSTED|HAS_EXPIRED|NOT_YET_VALID)|ERR_TLS_CERT/.test(
    awsError(error).code,
  );
}

/** No credentials, or ones that AWS does not accept: nothing that this command does can work. */
export function isCredentialsError(error: unknown): boolean {
  return /^(CredentialsProviderError|TokenProviderError|ExpiredToken(Exception)?|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|MissingAuthenticationToken(Exception)?|InvalidAccessKeyId)$/.test(
    awsError(error).code,
  );
}

/** One line for a message: code and text, without the SDK's stack. */
export function describeError(error: unknown): string {
  if (isUnreadable(error)) return UNREADABLE;
  const { code, message } = awsError(error);
  const text = message.split("\n")[0] ?? "";
  return text.includes(code) ? text : `${code}: ${text}`;
}

/** What is said of an answer that AWS can't have given. */
export const UNREADABLE =
  "the answer is none of AWS's: is there a proxy, or another service, at this address?";

/** A page or a text where JSON or XML should be. Source: the SDK attaches the answer to what its parsers throw. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof Error && "$responseBodyText" in error;
}
