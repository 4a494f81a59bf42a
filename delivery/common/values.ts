/** Whether a value is an object with named members: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the values in their order, without duplicates. */
export function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}
