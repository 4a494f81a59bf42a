/** A bad input: where it is, and the rule that it breaks. */
export interface PropertyError {
  propertyPath: string;
  reason: string;
}

/** None where there is no reason. */
export function errorsAt(propertyPath: string, reason: string | undefined): PropertyError[] {
  return reason === undefined ? [] : [{ propertyPath, reason }];
}

/** The reason why a value is bad, or undefined. */
export type Check = (value: unknown) => string | undefined;

export function matching(pattern: RegExp, rule: string): Check {
  return (value) =>
    typeof value === "string" && pattern.test(value) ? undefined : `${shown(value)} must be ${rule}`;
}

export function integerWithin(least: number, most: number, what: string): Check {
  return (value) =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most
      ? undefined
      : `${shown(value)} must be a whole number of ${what} from ${least} to ${most}`;
}

/** The value for a message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
