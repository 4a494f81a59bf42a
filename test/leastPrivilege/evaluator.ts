import {
  createValidatedPolicy,
  type ValidatedPolicy,
  validateIdentityPolicy,
  validateResourcePolicy,
} from "@cloud-copilot/iam-policy";
import { anonymousPrincipal, runSimulation } from "@cloud-copilot/iam-simulate";
import type { PolicyDocument } from "./documents";

interface Evaluation {
  /** Undefined for a request that nobody signed. */
  principal: string | undefined;
  action: string;
  /** An ARN without wildcards, or `*` for actions that know no resource. */
  resource: string;
  resourceAccountId: string;
  context: Record<string, string>;
  identityPolicy: PolicyDocument | undefined;
  resourcePolicy: PolicyDocument | undefined;
}

/** Counts what the evaluator was asked. */
export const evaluated = { decisions: 0 };

/** True of every request here, so that a condition on these keys alone is not met or missed by chance. */
const EVERY_REQUEST = {
  "aws:SecureTransport": "true",
  "aws:RequestedRegion": "us-east-1",
  "aws:SourceIp": "203.0.113.10",
  "aws:CurrentTime": "2026-01-01T00:00:00Z",
};

/** `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`; anything else is no decision, and says why. */
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
 * The evaluator knows no `kms:EncryptionContext:` keys and leaves them out of a request. They compare as principal tags
 * do, strings under a name with a variable part, so policies and requests are given to it with that name instead.
 */
function evaluable<T>(value: T): T {
  const text = JSON.stringify(value).replaceAll(/"kms:EncryptionContext:/gi, '"aws:PrincipalTag/');
  return JSON.parse(text) as T;
}

const validatedPolicies = new WeakMap<PolicyDocument, ValidatedPolicy>();

/** Checked once, not for each question; the evaluator reports the errors as it would its own. */
function validated(document: PolicyDocument, validate: typeof validateIdentityPolicy): ValidatedPolicy {
  const policy = validatedPolicies.get(document) ?? createValidatedPolicy(evaluable(document), validate);
  validatedPolicies.set(document, policy);
  return policy;
}

const texts = new WeakMap<PolicyDocument, string>();

/** A document's text, to know alike documents by; documents are not changed once they are asked about. */
export function textOf(document: PolicyDocument | undefined): string {
  if (!document) return "none";
  const text = texts.get(document) ?? JSON.stringify(document);
  texts.set(document, text);
  return text;
}
