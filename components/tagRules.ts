import { breach, errorsAt, type PropertyError, shown } from "./propertyError";

/** Holds the destination's name. */
export const OWN_TAG = "amplitude-kinesis:destination";
/** 50 tags a resource, less the one that the component sets itself. Source: AWS, "Tag naming limits and requirements". */
const MOST_TAGS = 49;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function tagErrors(tags: unknown): PropertyError[] {
  if (tags === undefined) return [];
  if (typeof tags !== "object" || tags === null || Array.isArray(tags)) {
    return errorsAt("tags", breach(tags, "must be a map of strings"));
  }
  const entries = Object.entries(tags);
  const tooMany =
    entries.length > MOST_TAGS
      ? `${entries.length} tags; AWS allows ${MOST_TAGS} beside the component's own`
      : undefined;
  return [
    ...errorsAt("tags", tooMany),
    ...entries.flatMap(([key, value]) => tagError(key, value)),
    ...alikeKeys(entries.map(([key]) => key)),
  ];
}

/** Source: AWS, IAM User Guide, "Tags for IAM resources": the keys of one role or policy don't differ in case alone. */
function alikeKeys(keys: string[]): PropertyError[] {
  const seen = new Set<string>();
  return keys.flatMap((key) => {
    const isAlike = seen.has(key.toLowerCase());
    seen.add(key.toLowerCase());
    const rule = "another key differs from it in case alone, which IAM refuses";
    return isAlike ? errorsAt(`tags[${shown(key)}]`, rule) : [];
  });
}

function tagError(key: string, value: unknown): PropertyError[] {
  const path = `tags[${shown(key)}]`;
  if (key.length < 1 || key.length > 128 || !TAG_TEXT.test(key)) {
    return errorsAt(path, "a key has 1 to 128 letters, digits, spaces or any of _.:/=+-@");
  }
  if (/^aws:/i.test(key)) return errorsAt(path, "keys that begin with aws: belong to AWS");
  if (key === OWN_TAG) return errorsAt(path, "the component sets this tag itself");
  if (typeof value !== "string" || value.length > 256 || !TAG_TEXT.test(value)) {
    return errorsAt(path, breach(value, "must be at most 256 letters, digits, spaces or any of _.:/=+-@"));
  }
  return [];
}
