import { invalid, type Json } from "./alarm";

export type Tags = ReadonlyMap<string, string>;

const MOST_TAGS = 50;

/** @throws AwsError for what is no list of 1 to 50 tags. */
export function tagsIn(value: unknown): Tags {
  const list: unknown[] = Array.isArray(value) ? value : [undefined];
  const entries = list.map((tag): [string, string] => {
    const { Key, Value } = (tag ?? {}) as Json;
    if (typeof Key === "string" && /^(?!aws:).{1,128}$/i.test(Key) && typeof Value === "string")
      return [Key, Value];
    throw invalid("InvalidParameterValueException", `${JSON.stringify(tag)} is no tag.`);
  });
  return checked(new Map(entries));
}

/** What TagResource (`Tags`) or UntagResource (`TagKeys`) makes of an alarm's tags. */
export function changeTags(tags: Tags, { Tags: added, TagKeys: removed }: Json): Tags {
  if (added !== undefined) return checked(new Map([...tags, ...tagsIn(added)]));
  if (!Array.isArray(removed)) throw invalid("MissingRequiredParameterException", "TagKeys is required.");
  return new Map([...tags].filter(([key]) => !removed.includes(key)));
}

export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

function checked(tags: Tags): Tags {
  if (tags.size <= MOST_TAGS) return tags;
  throw invalid("InvalidParameterValueException", `${tags.size} tags; an alarm has at most ${MOST_TAGS}.`);
}
