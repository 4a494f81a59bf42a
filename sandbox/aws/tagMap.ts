import { AwsError } from "./protocol";

const MAX_TAGS = 50;

/** Returns the tags of a request that has them as a map. @throws AwsError unless each is a valid tag. */
export function tagsIn(value: unknown): Map<string, string> {
  const entries = Object.entries((value ?? {}) as Record<string, unknown>);
  const [wrong] = entries.filter(
    ([key, tag]) => !/^(?!aws:).{1,128}$/i.test(key) || typeof tag !== "string" || tag.length > 256,
  );
  if (wrong !== undefined)
    throw new AwsError("ValidationException", `${JSON.stringify(wrong)} is not a tag.`);
  if (entries.length <= MAX_TAGS) return new Map(entries as [string, string][]);
  throw new AwsError("ValidationException", `${entries.length} tags; at most ${MAX_TAGS} are allowed.`);
}

export function changedTags(
  tags: ReadonlyMap<string, string>,
  added: unknown,
  removed: readonly string[],
): Map<string, string> {
  const merged = new Map([...tags, ...tagsIn(added)]);
  for (const key of removed) merged.delete(key);
  return tagsIn(Object.fromEntries(merged));
}
