/** Parts of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; the resource may hold colons of its own. */
const PARTS = 6;

/** Text with the wildcards of IAM: `*` for any characters, none too, and `?` for exactly one. */
export function matchesText(pattern: string, text: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(text);
}

/**
 * Whether `ArnLike`, and `ArnEquals`, which behaves the same, take an ARN: part by part, so that no wildcard reaches over
 * a colon into another part. Source: AWS, IAM User Guide, "Condition operators", ARN condition operators.
 */
export function matchesArn(pattern: string, arn: string): boolean {
  const [patterns, parts] = [partsOf(pattern), partsOf(arn)];
  return (
    patterns.length === PARTS &&
    parts.length === PARTS &&
    patterns.every((part, index) => matchesText(part, parts[index] ?? ""))
  );
}

/** Whether a principal of the account may fit; true for a pattern that is no ARN, of which that can't be told. */
export function mayNameAccount(pattern: string, accountId: string): boolean {
  const [, , , , account] = partsOf(pattern);
  return account === undefined || matchesText(account, accountId);
}

function partsOf(arn: string): string[] {
  const parts = arn.split(":");
  return [...parts.slice(0, PARTS - 1), ...(parts.length >= PARTS ? [parts.slice(PARTS - 1).join(":")] : [])];
}
