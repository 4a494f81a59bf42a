import { validateResourcePolicy } from "@cloud-copilot/iam-policy";
import type { PolicyDocument } from "../principals";
import { AwsError, isObject, type Json } from "../protocol";
import { invalidMember } from "./request";

const OPERATIONS = new Set(["DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy"]);

/** The response for a stream without a policy. AWS's reference doesn't define it; other emulators respond like this. */
const NO_POLICY = "{}";

interface StreamPolicy {
  /** The document as it was put, unchanged. */
  text: string;
  document: PolicyDocument;
}

/** Stores the streams' resource policies, which the engine doesn't support. They are deleted with their stream. */
export class StreamPolicies {
  readonly #policies = new Map<string, StreamPolicy>();

  documentOf(streamArn: string): PolicyDocument | undefined {
    return this.#policies.get(streamArn)?.document;
  }

  forget(streamArn: string): void {
    this.#policies.delete(streamArn);
  }

  /** Runs an operation on an existing stream and returns the response's body. */
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

/**
 * Validates a policy for PutResourcePolicy, possibly more strictly than AWS: each statement must name a principal, this
 * stream's ARN and Kinesis actions explicitly, so that it applies only to this stream.
 *
 * @throws AwsError that names the statement and its problem.
 */
function streamPolicyOf(text: unknown, streamArn: string): PolicyDocument {
  if (typeof text !== "string") throw invalidMember("policy", "Member must not be null");
  const document = parse(text);
  const failures = [...syntaxFailures(document), ...statementFailures(document, streamArn)];
  if (failures.length === 0) return document;
  throw invalidPolicy(failures.join("; "));
}

function parse(text: string): PolicyDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalidPolicy(`it is not JSON: ${cause instanceof Error ? cause.message : ""}`);
  }
  if (isObject(document) && listOf(document.Statement).every(isObject)) return document;
  throw invalidPolicy("it must be an object, and so must be each of its statements");
}

function syntaxFailures(document: PolicyDocument): string[] {
  const findings = validateResourcePolicy(document).map(({ path, message }) =>
    path ? `${path}: ${message}` : message,
  );
  if (document.Version === undefined) findings.push("Version is required");
  if (listOf(document.Statement).length === 0) findings.push("at least one Statement is required");
  return findings;
}

function statementFailures({ Statement }: PolicyDocument, streamArn: string): string[] {
  return listOf(Statement).flatMap((statement, index) =>
    failuresOf(statement as PolicyDocument, streamArn).map((failure) => `Statement[${index}]: ${failure}`),
  );
}

function failuresOf({ Principal, Action, Resource }: PolicyDocument, streamArn: string): string[] {
  const [actions, resources] = [listOf(Action), listOf(Resource)];
  const failures: string[] = [];
  if (Principal === undefined) failures.push("Principal is required");
  if (actions.length === 0 || !actions.every((action) => /^kinesis:/i.test(String(action)))) {
    failures.push("Action must name actions of kinesis");
  }
  if (resources.length === 0 || !resources.every((resource) => resource === streamArn)) {
    failures.push(`Resource must be the stream's ARN, ${streamArn}`);
  }
  return failures;
}

function listOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function invalidPolicy(reason: string): AwsError {
  return new AwsError("InvalidArgumentException", `The resource policy is invalid: ${reason}.`);
}
