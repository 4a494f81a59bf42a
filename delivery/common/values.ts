/** Whether a value is an object with named members: neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the values in their order, without duplicates. */
export function unique<Value>(values: readonly Value[]): Value[] {
  return [...new Set(values)];
}

/** Returns an object without its undefined members. */
export function withoutUndefined<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as ReturnType<typeof withoutUndefined<Values>>;
}

/** Counts items in bounded memory: the first `capacity` different ones separately, all further ones together. */
export class BoundedTally<Item extends object> {
  readonly #counted = new Map<string, Item & { count: number }>();
  /** Number of all further items. */
  others = 0;

  constructor(private readonly capacity: number) {}

  /** @param key Text that tells items apart. The first item of each is kept. */
  add(key: string, item: Item): void {
    const counted = this.#counted.get(key);
    if (counted !== undefined) counted.count += 1;
    else if (this.#counted.size < this.capacity) this.#counted.set(key, { ...item, count: 1 });
    else this.others += 1;
  }

  /** Returns the most common items in order, at most `max`. */
  mostCommon(max: number): (Item & { count: number })[] {
    const ranked = [...this.#counted.values()].sort((one, other) => other.count - one.count);
    return ranked.slice(0, max).map((counted) => ({ ...counted }));
  }
}
