import { redactSecrets } from "../common/redactSecrets";
import { isObject } from "../common/values";

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
  const metadata = "$metadata" in error && isObject(error.$metadata) ? error.$metadata : {};
  const cause = systemError(error);
  return {
    code: cause?.code ?? error.name,
    message: error.message || (cause?.message ?? error.name),
    ...(typeof metadata.httpStatusCode === "number" && { httpStatus: metadata.httpStatusCode }),
  };
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
  ["throttling", /^(ProvisionedThroughputExceeded|LimitExceeded|TooManyRequests|SlowDown)/],
  ["throttling", /^(KMSThrottling|Throttl(ing|ed)|RequestThrottled|RequestLimitExceeded)/],
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
  const { code, message, httpStatus } = awsError(error);
  const text = redactSecrets(message.split("\n")[0] ?? "");
  if (error instanceof ForeignResponseError) return text;
  if (isNameless(error)) return `HTTP ${httpStatus} without an error code; ${CHECK_ADDRESS}`;
  if (isUnreadable(error)) return UNREADABLE;
  return text.includes(code) ? text : `${code}: ${text}`;
}

const CHECK_ADDRESS = "check for a proxy or another service at this address";

/** Describes a response that can't be from AWS. */
export const UNREADABLE = `the response did not come from AWS; ${CHECK_ADDRESS}`;

/** Whether a response names no error. The SDK then makes up the code, and the text. */
function isNameless(error: unknown): boolean {
  const { code, message, httpStatus } = awsError(error);
  const isMadeUp = /^(Unknown|UnknownError|NotFound)$/.test(code) && /^Unknown(Error)?$/.test(message);
  return httpStatus !== undefined && isMadeUp;
}

/**
 * Whether the response can't be from AWS: a web page, malformed JSON or XML, or an error without a code.
 * Source: the SDK attaches the response to the errors of its parsers, except to some of `JSON.parse`.
 */
export function isUnreadable(error: unknown): boolean {
  return (
    error instanceof ForeignResponseError ||
    error instanceof SyntaxError ||
    isNameless(error) ||
    (error instanceof Error && "$responseBodyText" in error)
  );
}

/** A response that the service doesn't give: a web page, a redirect, a body without end. The SDK would misread it. */
export class ForeignResponseError extends Error {
  /** @param what Description of the response, such as `HTTP 302 redirects to https://login.example`. */
  constructor(what?: string) {
    super(what === undefined ? UNREADABLE : `${what}; ${CHECK_ADDRESS}`);
  }
}
