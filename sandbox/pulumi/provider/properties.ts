export type Properties = Record<string, unknown>;

/**
 * Placeholder in a preview for a value that is known after the update.
 * Source: Pulumi, sdk/go/common/resource/plugin/rpc.go, `UnknownStringValue`.
 */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether the value and everything in it is known. */
export function isKnown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isKnown);
  return value !== UNKNOWN;
}

/** A service omits empty values, and a program may set them. Both mean the same. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

export function text(properties: Properties, key: string): string | undefined {
  const value = properties[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** @throws Error if the property is missing, although the check should have rejected that. */
export function requiredText(properties: Properties, key: string): string {
  const value = text(properties, key);
  if (value === undefined) throw new Error(`the property ${key} has no value`);
  return value;
}

export function number(properties: Properties, key: string): number | undefined {
  const value = properties[key];
  return typeof value === "number" ? value : undefined;
}

export function texts(properties: Properties, key: string): string[] {
  const value = properties[key];
  return Array.isArray(value) ? value.map(String) : [];
}

export function object(properties: Properties, key: string): Properties {
  const value = properties[key];
  return isObject(value) ? value : {};
}

export function textMap(properties: Properties, key: string): Record<string, string> {
  const entries = Object.entries(object(properties, key));
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The properties that have a value. */
export function present<T extends Record<string, unknown>>(
  properties: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

export interface CheckFailure {
  property: string;
  reason: string;
}
