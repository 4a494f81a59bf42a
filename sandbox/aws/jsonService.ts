import { authorize } from "./enforcement";
import type { PolicyDocument } from "./principals";
import { type AwsError, type HttpResponse, type Json, type JsonCall, parseBody, Refusal } from "./protocol";

export interface Operation {
  /** Parameters that the sandbox knows. It rejects a request with others. Default: `run` checks them. */
  parameters?: readonly string[];
  /** ARNs that all must allow the action. Default: the service's. */
  resources?(call: JsonCall, request: Json): string[];
  /** Parameter whose presence also requires the permission `TagResource`. */
  tags?: string;
  /** Returns the response's body, if it has one. */
  run(call: JsonCall, request: Json): unknown;
}

/** A service with a JSON protocol: `serveJson` validates and authorizes each request before its operation runs. */
export interface JsonService {
  /** Name in messages, such as `KMS`. */
  readonly name: string;
  /** Prefix of its operations in the header `x-amz-target`, such as `TrentService`. */
  readonly target: string;
  /** Prefix of its IAM actions, such as `kms`. */
  readonly prefix: string;
  /** Version of the protocol, which the responses' content type names. */
  readonly version: "1.0" | "1.1";
  readonly operations: Record<string, Operation>;
  invalid(message: string): AwsError;
  resources(call: JsonCall, request: Json): string[];
  /** Returns the resource's policy. Default: none. */
  policyOf?(resource: string): PolicyDocument | undefined;
}

export async function serveJson(service: JsonService, call: JsonCall): Promise<HttpResponse> {
  const { name, prefix, operations, version } = service;
  const [, target, action = ""] = /^(\w+)\.(\w+)$/.exec(call.target) ?? [];
  const operation =
    target === service.target && Object.hasOwn(operations, action) ? operations[action] : undefined;
  if (operation === undefined)
    throw new Refusal("UnknownOperation", `The sandbox's ${name} does not have ${call.target}.`);
  const request = parseBody(call);
  const unknown = Object.keys(request).find((each) => operation.parameters?.includes(each) === false);
  if (unknown !== undefined)
    throw service.invalid(`The sandbox's ${name} does not know ${unknown} of ${action}.`);
  const resources = operation.resources?.(call, request) ?? service.resources(call, request);
  const isTagging = operation.tags !== undefined && request[operation.tags] !== undefined;
  for (const each of isTagging ? [action, "TagResource"] : [action]) {
    for (const resource of resources) {
      const resourcePolicy = service.policyOf?.(resource);
      await authorize({ ...call, action: `${prefix}:${each}`, resource, resourcePolicy });
    }
  }
  return {
    status: 200,
    headers: { "content-type": `application/x-amz-json-${version}` },
    body: JSON.stringify(operation.run(call, request) ?? {}),
  };
}

const MAX_TAGS = 50;

/** Returns the tags of a request, which has them as a map, or as a list of `Key` and `Value`. */
export function tagsIn(value: unknown, invalid: (message: string) => AwsError): Map<string, string> {
  const entries = Array.isArray(value)
    ? value.map((tag) => [tag?.Key, tag?.Value])
    : Object.entries((value ?? {}) as Json);
  const wrong = entries.find(
    ([key, tag]) =>
      typeof key !== "string" ||
      !/^(?!aws:).{1,128}$/i.test(key) ||
      typeof tag !== "string" ||
      tag.length > 256,
  );
  if (wrong !== undefined) throw invalid(`${JSON.stringify(wrong)} is not a tag.`);
  return withinQuota(new Map(entries as [string, string][]), invalid);
}

/** Returns the tags after TagResource or UntagResource. */
export function changedTags(
  tags: ReadonlyMap<string, string>,
  { added, removed = [] }: { added?: unknown; removed?: readonly string[] | undefined },
  invalid: (message: string) => AwsError,
): Map<string, string> {
  const merged = new Map([...tags, ...tagsIn(added, invalid)]);
  for (const key of removed) merged.delete(key);
  return withinQuota(merged, invalid);
}

function withinQuota(tags: Map<string, string>, invalid: (message: string) => AwsError): Map<string, string> {
  if (tags.size <= MAX_TAGS) return tags;
  throw invalid(`${tags.size} tags; at most ${MAX_TAGS} are allowed.`);
}
