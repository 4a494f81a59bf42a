import type { PolicyDocument } from "../principals";
import { AwsError } from "../protocol";
import { streamPolicyOf } from "./streamPolicyDocument";

type Json = Record<string, unknown>;

const OPERATIONS = new Set(["DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy"]);

/** What a stream without a policy is told to have. AWS's reference doesn't say; other emulators answer so. */
const NO_POLICY = "{}";

interface StreamPolicy {
  /** As it was put, to the letter. */
  text: string;
  document: PolicyDocument;
}

/** The streams' resource policies, of which the engine knows nothing. They end with their stream. */
export class StreamPolicies {
  readonly #policies = new Map<string, StreamPolicy>();

  documentOf(streamArn: string): PolicyDocument | undefined {
    return this.#policies.get(streamArn)?.document;
  }

  forget(streamArn: string): void {
    this.#policies.delete(streamArn);
  }

  /** Does one of the operations on a stream that exists; gives the answer's body. */
  run(operation: string, streamArn: string, streamStatus: string, request: Json): string {
    if (operation === "GetResourcePolicy") {
      return JSON.stringify({ Policy: this.#policies.get(streamArn)?.text ?? NO_POLICY });
    }
    checkActive(streamArn, streamStatus);
    if (operation === "PutResourcePolicy") this.#put(streamArn, request.Policy);
    else this.#remove(streamArn);
    return "";
  }

  #put(streamArn: string, policy: unknown): void {
    const document = streamPolicyOf(policy, streamArn);
    this.#policies.set(streamArn, { text: String(policy), document });
  }

  #remove(streamArn: string): void {
    if (this.#policies.delete(streamArn)) return;
    throw new AwsError(
      "ResourceNotFoundException",
      `No resource policy found for resource ARN ${streamArn}.`,
    );
  }
}

export function isPolicyOperation(operation: string): boolean {
  return OPERATIONS.has(operation);
}

/** Source: Kinesis API reference, PutResourcePolicy and DeleteResourcePolicy, ResourceInUseException. */
function checkActive(streamArn: string, status: string): void {
  if (status === "ACTIVE") return;
  throw new AwsError(
    "ResourceInUseException",
    `Stream ${streamArn} must be ACTIVE for this operation; it is ${status}.`,
  );
}
