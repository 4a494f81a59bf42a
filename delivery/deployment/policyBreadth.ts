import { GENERATE_DATA_KEY_ACTION, SIMULATE_ACTION, WRITE_ACTIONS } from "../../components/contract";
import { parseStatements, type Statement, strings } from "./iam/policyStatement";

/** The only things that a policy of the role has to name. */
export interface Needed {
  streamArn: string;
  roleArn: string;
  /** A customer's own key of the stream, as the stream names it. */
  kmsKeyId?: string | undefined;
}

const ON_STREAM_OR_ROLE = new Set([...WRITE_ACTIONS, SIMULATE_ACTION].map((action) => action.toLowerCase()));
const ON_KEY = GENERATE_DATA_KEY_ACTION.toLowerCase();

/**
 * What a policy allows beyond the contract, a phrase each. The vendor's own template, three actions on both ARNs, allows
 * nothing beyond it: each action works on one of the two alone. Wildcards count even where they match nothing more today.
 */
export function excessOf(document: string, needed: Needed): string[] {
  const statements = parseStatements(document);
  if (statements === undefined) return ["what can't be told: it is not a JSON policy document"];
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap((each) => excessOfStatement(each, needed));
}

function excessOfStatement(statement: Statement, needed: Needed): string[] {
  const resources = statement.NotResource === undefined ? strings(statement.Resource) : undefined;
  const on =
    resources === undefined ? `all but ${strings(statement.NotResource).join(", ")}` : resources.join(", ");
  if (statement.NotAction !== undefined)
    return [`everything but ${strings(statement.NotAction).join(", ")} on ${on}`];
  const excess = strings(statement.Action).flatMap((action) => {
    const isKnown = ON_STREAM_OR_ROLE.has(action.toLowerCase()) || action.toLowerCase() === ON_KEY;
    if (!isKnown || resources === undefined) return [`${action} on ${on}`];
    const others = resources.filter((resource) => !isNeeded(action, resource, needed));
    if (others.length > 0) return [`${action} on ${others.join(", ")}`];
    return action.toLowerCase() === ON_KEY && !isThroughKinesis(statement.Condition)
      ? [`${action} on ${on} without the condition kms:ViaService`]
      : [];
  });
  return excess;
}

function isNeeded(action: string, resource: string, { streamArn, roleArn, kmsKeyId }: Needed): boolean {
  if (action.toLowerCase() !== ON_KEY) return resource === streamArn || resource === roleArn;
  // The stream may name its key by an alias, a policy never does.
  if (kmsKeyId?.includes(":key/")) return resource === kmsKeyId;
  return kmsKeyId !== undefined && /^arn:aws:kms:[^:*?]+:\d{12}:key\/[^*?]+$/.test(resource);
}

function isThroughKinesis(condition: unknown): boolean {
  return Object.entries(condition ?? {}).some(
    ([operator, keys]) =>
      /^String(Equals|Like)$/.test(operator) &&
      Object.entries(keys ?? {}).some(
        ([key, values]) =>
          key.toLowerCase() === "kms:viaservice" &&
          strings(values).length > 0 &&
          strings(values).every((value) => value.startsWith("kinesis.")),
      ),
  );
}
