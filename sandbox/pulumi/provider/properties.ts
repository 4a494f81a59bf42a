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

/** Returns undefined if the text is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the given properties that have a value. */
export function pick(properties: object, keys: readonly string[]): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter(([key, value]) => keys.includes(key) && value !== undefined),
  );
}

export interface Tag {
  Key: string | undefined;
  Value?: string | undefined;
}

export function tagList(tags: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** `tags` and `tagsAll` of the state; they differ by the provider's default tags, which the sandbox rejects. */
export function tagOutputs(tags: Record<string, string>): Properties {
  return Object.keys(tags).length === 0 ? { tagsAll: {} } : { tags, tagsAll: tags };
}

export function tagMap(tags: Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

interface TagChanges {
  removed: string[];
  /** Added, or given another value. */
  put: Record<string, string>;
}

export function tagChanges(state: Properties, inputs: Properties): TagChanges {
  const [old, wanted] = [textMap(state, "tags"), textMap(inputs, "tags")];
  return {
    removed: Object.keys(old).filter((key) => !(key in wanted)),
    put: Object.fromEntries(Object.entries(wanted).filter(([key, value]) => old[key] !== value)),
  };
}
