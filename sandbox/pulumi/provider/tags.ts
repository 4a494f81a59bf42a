import type { Properties } from "./properties";
import { textMap } from "./properties";

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

export interface TagChanges {
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
