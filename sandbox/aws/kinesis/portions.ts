type Json = Record<string, unknown>;

/** A request that the engine is asked in place of a larger one. */
export interface Portion {
  operation: string;
  request: Json;
}

/** What the engine takes in one request. Kinesis itself takes 50. Source: Kinesis API Reference, CreateStream, AddTagsToStream. */
const TAGS_A_REQUEST = 10;

/** A request whose tags are more than the engine takes at once, as several that do the same. */
export function portionsOf(operation: string, request: Json): Portion[] {
  const { Tags, TagKeys, ...rest } = request;
  if (isMap(Tags)) {
    const [first = {}, ...others] = chunks(Object.entries(Tags)).map((tags) => Object.fromEntries(tags));
    const after = operation === "CreateStream" ? "AddTagsToStream" : operation;
    const target = operation === "CreateStream" ? { StreamName: request.StreamName } : rest;
    return [
      { operation, request: { ...rest, Tags: first } },
      ...others.map((tags) => ({ operation: after, request: { ...target, Tags: tags } })),
    ];
  }
  if (Array.isArray(TagKeys) && TagKeys.length > 0) {
    return chunks(TagKeys).map((keys) => ({ operation, request: { ...rest, TagKeys: keys } }));
  }
  return [{ operation, request }];
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function chunks<T>(items: T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += TAGS_A_REQUEST) parts.push(items.slice(at, at + TAGS_A_REQUEST));
  return parts;
}
