/** A bad input: where it is, and the rule that it breaks. */
export interface PropertyError {
  propertyPath: string;
  reason: string;
}

/** None where there is no reason. */
export function errorsAt(propertyPath: string, reason: string | undefined): PropertyError[] {
  return reason === undefined ? [] : [{ propertyPath, reason }];
}

/** The value for a message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
