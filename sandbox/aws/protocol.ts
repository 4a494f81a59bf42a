import type { Grants, Principal } from "./principals";

/** AWS speaks two protocols here: Kinesis JSON 1.1, IAM and STS the query protocol (a form in, XML out). */
export type Protocol = "json" | "query";

/** A request in JSON, its signature proved. */
export interface JsonCall {
  principal: Principal;
  grants: Grants;
  region: string;
  now: Date;
  /** The `x-amz-target` header. */
  target: string;
  body: Buffer;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/** An error that AWS documents for one operation; code and status are what goes over the wire. */
export class AwsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** An error common to all services, which each protocol spells in its own way. */
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
