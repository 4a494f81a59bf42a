import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import {
  createValidatedPolicy,
  type ValidatedPolicy,
  validateIdentityPolicy,
  validateResourcePolicy,
} from "@cloud-copilot/iam-policy";
import { anonymousPrincipal, runSimulation } from "@cloud-copilot/iam-simulate";
import type { PolicyDocument } from "./documents";

interface Evaluation {
  /** Undefined for an unsigned request. */
  principal: string | undefined;
  action: string;
  /** An ARN without wildcards, or `*` for actions without a resource. */
  resource: string;
  resourceAccountId: string;
  context: Record<string, string>;
  identityPolicy: PolicyDocument | undefined;
  resourcePolicy: PolicyDocument | undefined;
}

/**
 * Remembers which resource types an ARN matches. The evaluator compares them letter by letter for each decision, which takes
 * half of its time, and the pairs repeat. Its package doesn't export the module.
 */
function rememberResourceTypes(): void {
  type Match = (arn: string, patterns: string[]) => string[];
  const name = "mostSpecificMatchingResourceTypePatterns";
  const evaluator = createRequire(require.resolve("@cloud-copilot/iam-simulate"));
  const path = join(dirname(evaluator.resolve("@cloud-copilot/iam-utils")), "resourceTypes.js");
  const functions: Record<typeof name, Match> = evaluator(path);
  const match = functions[name];
  const known = new Map<string, string[]>();
  functions[name] = (arn, patterns) => {
    const key = JSON.stringify([arn, patterns]);
    const matches = known.get(key) ?? match(arn, patterns);
    known.set(key, matches);
    return matches;
  };
}
rememberResourceTypes();

/** Counts the evaluator's questions. */
export const evaluated = { decisions: 0 };

/** Keys that every request has, so that a condition on them decides nothing by chance. */
const EVERY_REQUEST = {
  "aws:SecureTransport": "true",
  "aws:RequestedRegion": "us-east-1",
  "aws:SourceIp": "203.0.113.10",
  "aws:CurrentTime": "2026-01-01T00:00:00Z",
};

/** `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`; any other text is the reason for no decision. */
export async function evaluate(evaluation: Evaluation): Promise<string> {
  const { principal, action, resource, resourceAccountId, context } = evaluation;
  const { identityPolicy, resourcePolicy } = evaluation;
  evaluated.decisions += 1;
  const results = await runSimulation(
    {
      request: {
        principal: principal ?? anonymousPrincipal,
        action,
        resource: { resource, accountId: resourceAccountId },
        contextVariables: evaluable({ ...EVERY_REQUEST, ...context }),
      },
      identityPolicies: identityPolicy
        ? [{ name: "own", policy: validated(identityPolicy, validateIdentityPolicy) }]
        : [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resourcePolicy && { resourcePolicy: validated(resourcePolicy, validateResourcePolicy) }),
    },
    {},
  );
  if (results.resultType === "error") return `undecided: ${results.errors.message}`;
  if (results.resultType === "wildcard") return "undecided: the resource is a pattern";
  const ignored = results.result.ignoredContextKeys ?? [];
  return ignored.length > 0 ? `undecided: ${ignored} left out` : results.overallResult;
}

/**
 * Replaces `kms:EncryptionContext:` keys, which the evaluator drops from requests, with principal tags in policies and
 * requests. Both compare strings under a name with a variable part.
 */
function evaluable<T>(value: T): T {
  const text = JSON.stringify(value).replaceAll(/"kms:EncryptionContext:/gi, '"aws:PrincipalTag/');
  return JSON.parse(text) as T;
}

const validatedPolicies = new WeakMap<PolicyDocument, ValidatedPolicy>();

/** Validates each policy once instead of per question, and reports the errors like the evaluator. */
function validated(document: PolicyDocument, validate: typeof validateIdentityPolicy): ValidatedPolicy {
  const policy = validatedPolicies.get(document) ?? createValidatedPolicy(evaluable(document), validate);
  validatedPolicies.set(document, policy);
  return policy;
}

const texts = new WeakMap<PolicyDocument, string>();

/** Returns a document's text, which identifies equal documents. Documents don't change after the first question. */
export function textOf(document: PolicyDocument | undefined): string {
  if (!document) return "none";
  const text = texts.get(document) ?? JSON.stringify(document);
  texts.set(document, text);
  return text;
}
