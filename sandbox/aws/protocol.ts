import type { Grants, Principal } from "./principals";

export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** AWS's protocols: JSON for Kinesis and CloudWatch, and the query protocol (form in, XML out) for IAM and STS. */
export type Protocol = "json" | "query";

/** A JSON request with a verified signature. */
export interface JsonCall {
  principal: Principal;
  grants: Grants;
  region: string;
  now: Date;
  /** The `x-amz-target` header. */
  target: string;
  body: Buffer;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/** An error that AWS documents for an operation, with its code and HTTP status. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** An error that all services share. Its code depends on the protocol. */
export class Refusal extends Error {
  constructor(
    readonly kind: RefusalKind,
    message: string,
  ) {
    super(message);
  }

  spelledFor(protocol: Protocol): AwsError {
    const [code, status] = SPELLINGS[this.kind][protocol];
    return new AwsError(code, this.message, status);
  }
}

export type RefusalKind =
  | "AccessDenied"
  | "ExpiredToken"
  | "IncompleteSignature"
  | "MissingAuthenticationToken"
  | "SignatureMismatch"
  | "UnknownKey"
  | "UnknownOperation";

/** Sources: the "Common errors" pages of the Kinesis, IAM and STS API references. */
const SPELLINGS: Record<RefusalKind, Record<Protocol, [code: string, status: number]>> = {
  AccessDenied: { json: ["AccessDeniedException", 400], query: ["AccessDenied", 403] },
  ExpiredToken: { json: ["ExpiredTokenException", 400], query: ["ExpiredToken", 403] },
  IncompleteSignature: { json: ["IncompleteSignatureException", 400], query: ["IncompleteSignature", 400] },
  MissingAuthenticationToken: {
    json: ["MissingAuthenticationTokenException", 400],
    query: ["MissingAuthenticationToken", 403],
  },
  SignatureMismatch: { json: ["InvalidSignatureException", 400], query: ["SignatureDoesNotMatch", 403] },
  UnknownKey: { json: ["UnrecognizedClientException", 400], query: ["InvalidClientTokenId", 403] },
  UnknownOperation: { json: ["UnknownOperationException", 400], query: ["InvalidAction", 400] },
};

export function parseBody({ body }: { body: Buffer | string }): Json {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed === "object" && parsed !== null) return parsed as Json;
  } catch {
    // Falls through to the error below.
  }
  throw new AwsError("SerializationException", "The body must be a JSON object.");
}
