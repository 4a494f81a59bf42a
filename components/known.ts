import * as pulumi from "@pulumi/pulumi";

/** Whether a value comes later, as a whole. */
export function isDeferred(value: unknown): boolean {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Whether a value is known now, with all that is in it. */
export function isKnown(value: unknown): boolean {
  if (isDeferred(value)) return false;
  if (typeof value === "object" && value !== null) return Object.values(value).every(isKnown);
  return true;
}
