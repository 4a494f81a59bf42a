import type { ListedShard } from "./listedShard";

/** Which shards took the places of which, as lists of shards and the last answers of closed ones tell it. */
export class Lineage {
  readonly #parents = new Map<string, Set<string>>();

  add({ shardId, parentShardIds }: Pick<ListedShard, "shardId" | "parentShardIds">): void {
    const parents = this.#parents.get(shardId) ?? new Set();
    this.#parents.set(shardId, parents);
    for (const parent of parentShardIds) parents.add(parent);
  }

  /** Each shard after those whose place it took, as far as that is known; a circle is broken somewhere. */
  byAge(): string[] {
    const taken = new Set<string>();
    const sorted: string[] = [];
    for (const first of this.#parents.keys()) {
      // A stack of its own: a stream that is resharded again and again has longer lines than calls may be deep.
      const stack = [{ shardId: first, areParentsIn: false }];
      for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
        const { shardId, areParentsIn } = top;
        if (areParentsIn) sorted.push(shardId);
        if (areParentsIn || taken.has(shardId)) continue;
        taken.add(shardId);
        stack.push({ shardId, areParentsIn: true });
        for (const parent of this.#parents.get(shardId) ?? [])
          if (this.#parents.has(parent)) stack.push({ shardId: parent, areParentsIn: false });
      }
    }
    return sorted;
  }
}
