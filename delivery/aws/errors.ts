import { redactSecrets } from "../common/redactSecrets";

/** An error of the AWS SDK, or of the network below it. */
export interface AwsError {
  /** The service's error code, or the system's (`ECONNREFUSED`). */
  code: string;
  message: string;
  /** Absent if there was no response. */
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

/** Returns the system error behind an SDK error. An AggregateError (one failure per address) has it in its first member. */
function systemError(error: Error): { code: string; message: string } | undefined {
  if ("code" in error && typeof error.code === "string") return { code: error.code, message: error.message };
  if (error instanceof AggregateError && error.errors[0] instanceof Error)
    return systemError(error.errors[0]);
  if (error.cause instanceof Error) return systemError(error.cause);
  return undefined;
}

/** Kind of an error, the same for every service. */
export type ErrorKind =
  /** The connection was never made, so the request can't have been carried out. */
  | "unreachable"
  | "untrusted-certificate"
  /** No credentials to sign the request with, so it was never sent. */
  | "no-credentials"
  | "expired-session"
  | "rejected-credentials"
  | "rejected-signature"
  | "clock-skew"
  | "access-denied"
  | "key-access-denied"
  /** Too many requests, of this command or of others. */
  | "throttling"
  | "not-found"
  | "expired-iterator"
  /** Rejected for its content, whatever the state of the stream or the sender. */
  | "invalid-request"
  | "temporary"
  /** The endpoint doesn't support the operation: emulators lack some of IAM's. */
  | "unsupported"
  | "other";

/** Source: the services' API references, "Common errors"; Node.js, TLS, "X509 certificate error codes". */
const KINDS: readonly [ErrorKind, RegExp][] = [
  ["unreachable", /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_PROXY_REFUSED)$/],
  [
    "untrusted-certificate",
    /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_(UNTRUSTED|HAS_EXPIRED|NOT_YET_VALID)|ERR_TLS_CERT/,
  ],
  ["no-credentials", /^(CredentialsProviderError|TokenProviderError)$/],
  ["expired-session", /^ExpiredToken(Exception)?$/],
  [
    "rejected-credentials",
    /^(InvalidClientTokenId|UnrecognizedClientException|MissingAuthenticationToken(Exception)?|InvalidAccessKeyId)$/,
  ],
  ["rejected-signature", /^(SignatureDoesNotMatch|InvalidSignatureException)$/],
  ["clock-skew", /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture)/],
  ["access-denied", /^AccessDenied(Exception)?$/],
  ["key-access-denied", /^KMSAccessDeniedException$/],
  [
    "throttling",
    /^(ProvisionedThroughputExceeded|LimitExceeded|KMSThrottling|Throttl(ing|ed)|RequestThrottled|RequestLimitExceeded|TooManyRequests|SlowDown)/,
  ],
  ["not-found", /^ResourceNotFoundException$/],
  ["expired-iterator", /^ExpiredIteratorException$/],
  ["invalid-request", /^(ValidationException|InvalidArgumentException|SerializationException)$/],
  ["temporary", /^(RequestTimeout|ResourceInUse)/],
  [
    "unsupported",
    /^(InvalidAction|NotImplemented|NotImplementedError|UnknownOperationException|UnsupportedOperation)/,
  ],
];

export function classify(error: unknown): ErrorKind {
  const { code, httpStatus } = awsError(error);
  const known = KINDS.find(([, codes]) => codes.test(code));
  if (known !== undefined) return known[0];
  if (httpStatus === 429) return "throttling";
  return httpStatus === 501 || httpStatus === 405 ? "unsupported" : "other";
}

const CREDENTIALS_KINDS: readonly ErrorKind[] = [
  "no-credentials",
  "expired-session",
  "rejected-credentials",
  "rejected-signature",
];

/** Whether the credentials are missing or rejected, so that nothing this command does can work. */
export function isCredentialsError(error: unknown): boolean {
  return CREDENTIALS_KINDS.includes(classify(error));
}

/**
 * Whether AWS rejected the request because this machine's clock is wrong. Kinesis reports it as a rejected signature, and only
 * its text tells them apart. Source: AWS, IAM User Guide, "Signature Version 4 troubleshooting".
 */
export function isClockSkew(error: unknown): boolean {
  return (
    classify(error) === "clock-skew" ||
    /Signature expired|Signature not yet current|RequestTimeTooSkewed|RequestExpired/.test(
      awsError(error).message,
    )
  );
}

/** Returns one line for a message: code and text, without the SDK's stack, and without the credentials that a response echoes. */
export function describeError(error: unknown): string {
  if (isUnreadable(error)) return UNREADABLE;
  const { code, message } = awsError(error);
  const text = redactSecrets(message.split("\n")[0] ?? "");
  return text.includes(code) ? text : `${code}: ${text}`;
}

/** Describes a response that can't be from AWS. */
export const UNREADABLE =
  "the response did not come from AWS; check for a proxy or another service at this address";

/**
 * Whether the response is a web page, or not JSON or XML. Source: the SDK attaches the response to the errors of its parsers,
 * except to some of `JSON.parse`.
 */
export function isUnreadable(error: unknown): boolean {
  return (
    error instanceof WebPageError ||
    error instanceof SyntaxError ||
    (error instanceof Error && "$responseBodyText" in error)
  );
}

/** A web page in place of AWS's response, which the SDK would parse as XML without any member. */
export class WebPageError extends Error {
  constructor() {
    super(UNREADABLE);
  }
}
