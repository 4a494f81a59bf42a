import { credentialsProblem } from "../aws/credentials";
import { classify, describeError, isCredentialsError } from "../aws/errors";
import { ProxyError } from "../aws/proxy";
import type { Finding, FindingCode } from "../common/findings";
import type { StackOutputs } from "../common/outputs";
import { ACTIONS, type Task } from "./iam/actions";

/**
 * Runs one inspection. An error of AWS becomes a result, because it concerns only this inspection.
 *
 * @param onError turns the error into the result.
 * @throws DeliveryError `credentials` if AWS rejects the caller's credentials, because then no inspection can work.
 */
export async function inspect<Result>(
  inspection: () => Promise<Result>,
  onError: (error: unknown) => Result,
): Promise<Result> {
  try {
    return await inspection();
  } catch (error) {
    if (isCredentialsError(error)) throw credentialsProblem(error);
    return onError(error);
  }
}

/** Whether AWS responded with the error of this name. */
export function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

/**
 * Returns the remedy for a stream: `ofStack` is a sentence for a stream of the stack, `otherwise` a clause for one outside
 * of it, which `pulumi up` never changes. Returns both if the outputs don't tell which one it is.
 */
export function streamRemedy(
  { existingStreamArn }: StackOutputs,
  ofStack: string,
  otherwise: string,
): string {
  return existingStreamArn === undefined
    ? `${ofStack}. For a stream outside the stack, ${otherwise}`
    : otherwise.charAt(0).toUpperCase() + otherwise.slice(1);
}

/** Properties that `pulumi up` changes to remove a finding. */
const RESTORED: Partial<Record<FindingCode, string[]>> = {
  "stream-not-encrypted": ["stream.encryptionType", "stream.kmsKeyId"],
  "key-unusable": ["stream.kmsKeyId"],
  "amplitude-not-trusted": ["role.assumeRolePolicy"],
  "anyone-trusted": ["role.assumeRolePolicy"],
  "others-trusted": ["role.assumeRolePolicy"],
  "deleted-principal": ["role.assumeRolePolicy"],
  "trust-too-broad": ["role.assumeRolePolicy"],
  "write-not-allowed": ["policy.policy"],
  "simulate-not-allowed": ["policy.policy"],
  "write-refused": ["policy.policy"],
  "events-refused": ["policy.policy"],
  "permissions-too-broad": ["policy.policy"],
  untagged: ["stream.tags", "role.tags"],
};

/** Adds to each remedy which properties `pulumi up` changes only once the stack doesn't ignore them. */
export function withIgnoredChanges(findings: Finding[], { ignoredChanges = [] }: StackOutputs): Finding[] {
  return findings.map((each) => {
    const { code, where, remedy } = each;
    const properties = (RESTORED[code] ?? []).filter(
      (property) =>
        ignoredChanges.includes(property) &&
        (code !== "untagged" || where.includes(`:${property.replace(".tags", "/")}`)),
    );
    if (properties.length === 0 || !remedy.includes("pulumi up")) return each;
    const list = properties.join(" and ");
    return {
      ...each,
      remedy: `${remedy}. Before that, remove ${list} from the setting adopt.ignoreChanges, because the stack ignores changes to ${properties.length === 1 ? "it" : "them"}`,
    };
  });
}

/** Returns a command of the AWS CLI on the stream. */
export function kinesisCommand({ region, streamName }: StackOutputs, command: string): string {
  return `\`aws kinesis ${command} --region ${region} --stream-name ${streamName}\``;
}

/** Returns the remedy for an inspection that the caller may not do: which actions to grant, and what prints the policy. */
export function grantRemedy(actions: readonly string[], resource: string, task?: Task): string {
  const list = actions.join(", ").replace(/, ([^,]*)$/, " and $1");
  const policy =
    task === undefined ? "" : ` (\`npx amplitude-kinesis operator-policy --for ${task}\` prints the policy)`;
  return `Grant the caller ${list} on ${resource}${policy}`;
}

/** Remedy for a stream whose records the caller may not read. */
const GRANT_READING = `${grantRemedy(ACTIONS.readShards, "the stream")}, and ${ACTIONS.decryptRecords} on a customer managed key`;

const CHECK_NETWORK =
  "Check the region, the network, the proxy (HTTPS_PROXY, NO_PROXY), AWS_ENDPOINT_URL and the service's health, and run this again";

/**
 * Returns the remedy for a request that failed, by its cause: a grant helps only if AWS denied the request.
 *
 * @param grant Remedy for a denied request.
 */
export function failureRemedy(error: unknown, grant: string): string {
  if (error instanceof ProxyError) return error.remedy;
  switch (classify(error)) {
    case "access-denied":
    case "key-access-denied":
      return grant;
    case "untrusted-certificate":
      return "Name the file with the authority's certificate (AWS_CA_BUNDLE=ca.pem), or compare AWS_ENDPOINT_URL, and run this again";
    case "throttling":
      return "Wait a minute until fewer requests are made, and run this again";
    case "unsupported":
      return "Compare AWS_ENDPOINT_URL. If the endpoint is an emulator, it lacks this call";
    default:
      return CHECK_NETWORK;
  }
}

/** Returns the message and the remedy of a finding on a request that failed. */
export function failed(message: string, error: unknown, grant: string): [message: string, remedy: string] {
  return [`${message}: ${describeError(error)}`, failureRemedy(error, grant)];
}

/** Returns the remedy for a stream whose records can't be read. */
export function readingRemedy(error: unknown): string {
  return failureRemedy(error, GRANT_READING);
}
