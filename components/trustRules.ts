import { AMPLITUDE_ACCOUNT_ID, accountRootArn } from "./contract";
import type { Values } from "./inputRules";
import { trustPolicy } from "./policies";
import { breach, errorsAt, type PropertyError, shown } from "./propertyError";

/** A pattern says its partition, service and account; wildcards are in the name alone. */
export const IAM_PRINCIPAL_PATTERN = /^arn:aws:iam::(\d{12}):(role|user)\/[\w+=,.@/*?-]{1,576}$/;

/** A pattern of an account that isn't trusted lets nobody in. */
export function patternErrors(values: Values): PropertyError[] {
  const { amplitudeAccountId, amplitudePrincipalArns, amplitudePrincipalArnPatterns } = values;
  const patterns = strings(amplitudePrincipalArnPatterns);
  if (patterns?.length === 0) {
    return errorsAt("amplitudePrincipalArnPatterns", "an empty list narrows nothing: leave it out");
  }
  const trusted = new Set(
    strings(amplitudePrincipalArns)?.map(accountOf) ?? [String(amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID)],
  );
  const rule =
    "is of an account that is not trusted (amplitudeAccountId, amplitudePrincipalArns): it would let nobody in";
  return (patterns ?? []).flatMap((pattern, index) => {
    const account = IAM_PRINCIPAL_PATTERN.exec(pattern)?.[1];
    const isStranger = account !== undefined && !trusted.has(account);
    return isStranger ? errorsAt(`amplitudePrincipalArnPatterns[${index}]`, breach(pattern, rule)) : [];
  });
}

function accountOf(arn: string): string {
  return arn.split(":")[4] ?? "";
}

export function principalErrors({ amplitudeAccountId, amplitudePrincipalArns }: Values): PropertyError[] {
  if (!Array.isArray(amplitudePrincipalArns)) return [];
  if (amplitudePrincipalArns.length === 0) {
    return errorsAt(
      "amplitudePrincipalArns",
      "an empty list would let nobody in: leave it out for Amplitude's account",
    );
  }
  return amplitudeAccountId === undefined
    ? []
    : errorsAt(
        "amplitudePrincipalArns",
        "set it or amplitudeAccountId, not both: the ARNs name their accounts",
      );
}

/**
 * 2,048 characters unless AWS raised the account's quota, to 4,096 at most; white space does not count.
 * Source: AWS, "IAM and AWS STS quotas", role trust policy length.
 */
const LONGEST_TRUST_POLICY = 4_096;

export function trustPolicyErrors(values: Values): PropertyError[] {
  const { amplitudeAccountId, amplitudePrincipalArns, testPrincipalArns, externalId } = values;
  const patterns = strings(values.amplitudePrincipalArnPatterns) ?? [];
  const document = trustPolicy({
    amplitudePrincipalArns: strings(amplitudePrincipalArns) ?? [
      accountRootArn(String(amplitudeAccountId ?? AMPLITUDE_ACCOUNT_ID)),
    ],
    amplitudePrincipalArnPatterns: patterns,
    testPrincipalArns: strings(testPrincipalArns) ?? [],
    ...(typeof externalId === "string" ? { externalId } : {}),
  });
  const { length } = JSON.stringify(document);
  if (length <= LONGEST_TRUST_POLICY) return [];
  const given = { testPrincipalArns, amplitudePrincipalArnPatterns: patterns, amplitudePrincipalArns };
  const [path = "externalId"] = Object.keys(given).filter(
    (key) => strings(given[key as keyof typeof given])?.length,
  );
  return errorsAt(
    path,
    `the trust policy would have ${length} characters; IAM allows at most ${LONGEST_TRUST_POLICY}`,
  );
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value)
    ? Array.from(value, (item) => (typeof item === "string" ? item : shown(item)))
    : undefined;
}
