import { parseArn } from "../../common/arn";

/**
 * Matches text against a pattern with IAM's wildcards: `*` for any characters, or none, and `?` for exactly one. Takes at
 * most one step per character of the text and of the pattern, multiplied, whatever the pattern is.
 */
export function matchesText(pattern: string, text: string): boolean {
  let [at, position] = [0, 0];
  /** Places after the last `*`, and in the text from which it is tried next. */
  let [afterStar, retryFrom] = [-1, 0];
  while (position < text.length) {
    const wanted = pattern[at];
    if (wanted === "*") {
      at += 1;
      [afterStar, retryFrom] = [at, position];
    } else if (wanted === "?" || wanted === text[position]) {
      at += 1;
      position += 1;
    } else {
      if (afterStar === -1) return false;
      retryFrom += 1;
      [at, position] = [afterStar, retryFrom];
    }
  }
  return /^\**$/.test(pattern.slice(at));
}

/**
 * Matches an ARN as `ArnLike` and `ArnEquals` do, part by part, so that a wildcard never matches beyond a colon.
 * Source: AWS, IAM User Guide, "Condition operators", ARN condition operators.
 */
export function matchesArn(pattern: string, arn: string): boolean {
  const [patterns, parts] = [partsOf(pattern), partsOf(arn)];
  if (patterns === undefined || parts === undefined) return false;
  return patterns.every((part, index) => matchesText(part, parts[index] ?? ""));
}

function partsOf(arn: string): string[] | undefined {
  const parts = parseArn(arn);
  return parts === undefined ? undefined : [arn.slice(0, arn.indexOf(":")), ...Object.values(parts)];
}

const OPERATOR = /^(Arn(?:Equals|Like)|String(?:Equals|Like))(?:IfExists)?$/;

/**
 * Decides a condition on `aws:PrincipalArn`, which every request has. If the calling principals are unknown, the result is
 * `undetermined` as long as a principal of their account may match: Amplitude doesn't document which one it uses.
 */
export function decidePrincipalArn(
  operator: string,
  patterns: string[],
  { accountId, principalArns = [] }: { accountId: string; principalArns?: string[] | undefined },
): "passes" | "undetermined" | "fails" {
  const kind = OPERATOR.exec(operator)?.[1];
  if (kind === undefined) return "undetermined";
  const matches = (arn: string) => patterns.some((pattern) => matcherOf(kind)(pattern, arn));
  if (principalArns.length > 0) {
    if (principalArns.every(matches)) return "passes";
    return principalArns.some(matches) ? "undetermined" : "fails";
  }
  return patterns.some((pattern) => mayNameAccount(pattern, accountId)) ? "undetermined" : "fails";
}

function matcherOf(kind: string): (pattern: string, arn: string) => boolean {
  if (kind === "StringEquals") return (value, arn) => value === arn;
  return kind === "StringLike" ? matchesText : matchesArn;
}

/** Whether a principal of the account may match. A pattern that is not an ARN may match any account. */
function mayNameAccount(pattern: string, accountId: string): boolean {
  const parts = parseArn(pattern);
  return parts === undefined || matchesText(parts.accountId, accountId);
}
