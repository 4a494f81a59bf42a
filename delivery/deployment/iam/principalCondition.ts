import { matchesArn, matchesText, mayNameAccount } from "./arnPattern";

const OPERATOR = /^(Arn(?:Equals|Like)|String(?:Equals|Like))(?:IfExists)?$/;

/**
 * Decides a condition on `aws:PrincipalArn`, which every request has. Where the principals that call are not known, it is
 * `undetermined` as long as one of their account may fit: which one Amplitude uses is undocumented.
 */
export function decidePrincipalArn(
  operator: string,
  patterns: string[],
  { accountId, principalArns = [] }: { accountId: string; principalArns?: string[] | undefined },
): "passes" | "undetermined" | "fails" {
  const kind = OPERATOR.exec(operator)?.[1];
  if (kind === undefined) return "undetermined";
  const matches = (arn: string) => patterns.some((pattern) => matchOf(kind)(pattern, arn));
  if (principalArns.length > 0) {
    if (principalArns.every(matches)) return "passes";
    return principalArns.some(matches) ? "undetermined" : "fails";
  }
  return patterns.some((pattern) => mayNameAccount(pattern, accountId)) ? "undetermined" : "fails";
}

function matchOf(kind: string): (pattern: string, arn: string) => boolean {
  if (kind === "StringEquals") return (value, arn) => value === arn;
  return kind === "StringLike" ? matchesText : matchesArn;
}
