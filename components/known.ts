import * as pulumi from "@pulumi/pulumi";

/** Whether a value comes later, as a whole. */
export function isDeferred(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Deeper than any input: what holds itself is left to the rules, which refuse it. */
const DEEPEST = 8;

/** Whether a value is known now, with all that is in it. */
export function isKnown(value: unknown, depth = 0): boolean {
  if (isDeferred(value)) return false;
  if (typeof value !== "object" || value === null || depth >= DEEPEST) return true;
  return Object.values(value).every((inner) => isKnown(inner, depth + 1));
}

/** The value, or the default where none is set: of an Output that may turn out later. */
export function orDefault<T extends string | number>(
  value: pulumi.Input<T> | undefined,
  defaultValue: T,
): pulumi.Input<T> {
  if (!isDeferred(value)) return value ?? defaultValue;
  return pulumi.output<pulumi.Input<T> | undefined>(value).apply((known) => (known ?? defaultValue) as T);
}
